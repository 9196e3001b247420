//! The colours of a picture, light and dark.

pub(super) const STYLE: &str = "\
.back{fill:#ffffff}.box{stroke-width:1.2}\
.sender{fill:#e3f1e5;stroke:#4a7c59}.module{fill:#e4ecf7;stroke:#4a6fa5}\
.unknown{fill:#fbe9d0;stroke:#b9770e;stroke-dasharray:5 3}.upstream{fill:#d9e8f5;stroke:#2e6da4}\
.test{fill:#f3ecd7;stroke:#8a7434}.routes{fill:#ffffff;stroke:#7b8794}\
.round{stroke:#c0392b;stroke-width:2}.split{stroke:#b8c2cc;stroke-width:1}\
.name{font:600 13px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1c2733}\
.small{font:11px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#44505c}\
.note{font-style:italic}.end{text-anchor:end}.centre{text-anchor:middle}\
.code{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#44505c}\
.badge{fill:#44505c}.badge-text{font:600 11px system-ui,'DejaVu Sans',sans-serif;fill:#ffffff;text-anchor:middle}\
.flow{fill:none;stroke:#5f6b7a;stroke-width:1.3}.loop{fill:none;stroke:#c0392b;stroke-width:1.8}\
.never{fill:none;stroke:#9aa5b1;stroke-width:1.2;stroke-dasharray:2 4}\
.head{fill:#5f6b7a}.loop-head,.warn{fill:#c0392b}\
@media (prefers-color-scheme:dark){\
.back{fill:#12181f}\
.sender{fill:#1d3325;stroke:#7fb58f}.module{fill:#1c2a3f;stroke:#82a7de}\
.unknown{fill:#3d2d13;stroke:#e0a44a}.upstream{fill:#17304a;stroke:#6aaae4}\
.test{fill:#332d1a;stroke:#c9b36c}.routes{fill:#1b232c;stroke:#8793a0}\
.round{stroke:#ff7b6b}.split{stroke:#3c4855}\
.name{fill:#e8edf2}.small,.code{fill:#b4bfca}\
.badge{fill:#b4bfca}.badge-text{fill:#12181f}\
.flow{stroke:#97a3b0}.loop{stroke:#ff7b6b}.never{stroke:#5f6b7a}\
.head{fill:#97a3b0}.loop-head,.warn{fill:#ff7b6b}}";
