use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ServerCertificate;

/// Returns what a client finds wrong with a certificate and its root that verifies by all rules of RFC 5280, as Python
/// 3.13 does, beside what every client checks. Each is a sentence.
pub fn strict_problems(certificate: &ServerCertificate, roots: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, der) in certificate.chain().iter().enumerate() {
        match X509Certificate::from_der(der) {
            Ok((_, parsed)) if index == 0 => check_server(&parsed, &mut problems),
            Ok((_, parsed)) => check_authority(&parsed, "an intermediate certificate", &mut problems),
            Err(_) => problems.push("a certificate cannot be read".to_owned()),
        }
    }
    for der in CertificateDer::pem_slice_iter(roots.as_bytes()).flatten() {
        match X509Certificate::from_der(&der) {
            Ok((_, parsed)) => check_authority(&parsed, "the root", &mut problems),
            Err(_) => problems.push("a root cannot be read".to_owned()),
        }
    }
    problems
}

fn check_server(certificate: &X509Certificate<'_>, problems: &mut Vec<String>) {
    if !matches!(certificate.subject_alternative_name(), Ok(Some(_))) {
        problems.push("the certificate has no alternative names, and its common name is not looked at".to_owned());
    }
    if !has(certificate, |extension| matches!(extension, ParsedExtension::AuthorityKeyIdentifier(_))) {
        problems.push("the certificate has no authority key identifier".to_owned());
    }
    if let Ok(Some(usage)) = certificate.key_usage()
        && !usage.value.digital_signature()
    {
        problems.push("the key usage of the certificate does not include digital signatures".to_owned());
    }
    if let Ok(Some(usage)) = certificate.extended_key_usage()
        && !usage.value.server_auth
        && !usage.value.any
    {
        problems.push("the extended key usage of the certificate does not include servers".to_owned());
    }
    if certificate.is_ca() {
        problems.push("the certificate of the server is that of an authority".to_owned());
    }
}

fn check_authority(certificate: &X509Certificate<'_>, what: &str, problems: &mut Vec<String>) {
    match certificate.basic_constraints() {
        Ok(Some(constraints)) if constraints.value.ca && constraints.critical => {}
        _ => problems.push(format!("{what} has no critical basic constraints of an authority")),
    }
    match certificate.key_usage() {
        Ok(Some(usage)) if usage.value.key_cert_sign() => {}
        _ => problems.push(format!("the key usage of {what} does not include signing certificates")),
    }
    if !has(certificate, |extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_))) {
        problems.push(format!("{what} has no subject key identifier"));
    }
}

fn has(certificate: &X509Certificate<'_>, is: impl Fn(&ParsedExtension<'_>) -> bool) -> bool {
    certificate.extensions().iter().any(|extension| is(extension.parsed_extension()))
}
