// Tests the live page in Chromium: node page.cjs URL CHROMIUM [DIRECTORY FOR SCREENSHOTS]
//
// The server is the example `page`: it routes what is sent to `POST /api/messages`.
"use strict";
const assert = require("node:assert/strict");
const { chromium } = require("playwright-core");

const [url, executablePath, directory] = process.argv.slice(2);
const hostile = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";

async function send(message) {
  const answer = await fetch(url + "/api/messages", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}
const from = (module, output, rest) => ({ origin: { device: "edge-1", module, output }, ...rest });

/** Opens a page that must not complain, nor ask anybody else. */
async function opened(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(url + "/") && !request.url().startsWith("data:")) complaints.push("request to " + request.url());
  });
  page.on("dialog", (dialog) => complaints.push("dialog: " + dialog.message()));
  await page.goto(url);
  await page.getByText("live", { exact: true }).waitFor();
  await page.locator("svg rect.box").first().waitFor();
  return { page, complaints };
}

async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

const cases = {
  async "an event lights its route"({ page }) {
    // Watched from inside: the light goes out after a moment.
    await page.evaluate(() => {
      window.lit = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) if (target.classList.contains("lit")) window.lit.push(target.localName);
      }).observe(document.querySelector("svg"), { subtree: true, attributes: true, attributeFilter: ["class"] });
    });
    await send(from("sensor", "readings", { properties: { temperature: "20" }, body: { temperature: 20 } }));
    await page.waitForFunction(() => window.lit.includes("path") && window.lit.includes("rect"));
    // Into the box of the route and out of it, and no other.
    assert.equal(await page.evaluate(() => window.lit.filter((name) => name === "path").length), 2);
    await page.locator(".chip", { hasText: "raw → filter/raw" }).first().waitFor();
    await page.locator(".chip.delivered", { hasText: "raw → filter/raw" }).first().waitFor();
  },

  async "explain opens and is the text of the command"({ page }) {
    const { id } = await send(from("sensor", "readings", { properties: { temperature: "90" }, body: "to be explained" }));
    await page.locator(".row", { hasText: "to be explained" }).filter({ hasText: "hot → alarm/hot" }).first().click();
    const text = await page.locator("#why").textContent();
    const answer = await fetch(url + "/api/messages/" + id + "/explain?format=text");
    assert.equal(text, await answer.text());
    assert.match(text, /as_number\(temperature\) > 80/);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("dialog").isVisible(), false);
  },

  async "a message without a route shows its nearest miss"({ page }) {
    await send(from("sensor", "other", { properties: { Temprature: "95" }, body: "{}" }));
    const row = page.locator(".row.lost", { hasText: "no route" }).first();
    await row.getByText("nearest: hot, but the message has no property `temperature`, but `Temprature`").waitFor();
  },

  async "the depth of a queue is on the picture"({ page }) {
    await page.locator("svg .depth").first().waitFor();
    assert.ok(await page.locator("#queues li", { hasText: "alarm/hot" }).getByRole("button", { name: "Deliver now to alarm/hot" }).isVisible());
  },

  async "modules that are not connected are grey"({ page }) {
    assert.deepEqual(await page.locator("svg g.absent > text.name").allTextContents(), ["alarm"]);
  },

  async "desired properties are edited"({ page }) {
    await page.getByRole("button", { name: "Twin and methods of edge-1/sensor" }).click();
    const desired = page.getByLabel("Desired properties");
    const twin = JSON.parse(await desired.inputValue());
    assert.equal(twin.rate, 5);
    await desired.fill("{ not JSON");
    await page.getByRole("button", { name: "Save desired" }).click();
    await page.getByText("not JSON").waitFor();
    delete twin.unit;
    await desired.fill(JSON.stringify({ ...twin, rate: 6 }));
    const asked = page.waitForRequest((request) => request.method() === "PATCH");
    await page.getByRole("button", { name: "Save desired" }).click();
    const request = await asked;
    assert.equal(request.url(), url + "/api/twins/edge-1/sensor");
    assert.deepEqual(JSON.parse(request.postData()), { desired: { rate: 6, unit: null } });
    await page.getByText("saved").waitFor();
    await page.getByText("Desired, version 2").waitFor();
  },

  async "a method is called"({ page }) {
    await page.getByLabel("Name of the method").fill("ping");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.getByText("\"pong\"").waitFor();
    await page.keyboard.press("Escape");
  },

  async "upstream is paused and resumed"({ page }) {
    const upstream = page.locator("section", { has: page.locator("#upstream-title") });
    await upstream.getByRole("button", { name: "Pause" }).click();
    await page.locator("#upstream-state", { hasText: "paused" }).waitFor();
    await send(from("filter", "mean", { body: "kept" }));
    await page.locator("#queues li", { hasText: "$upstream" }).locator(".count", { hasText: "1" }).waitFor();
    await upstream.getByRole("button", { name: "Resume" }).click();
    await page.locator("#queues li", { hasText: "$upstream" }).locator(".count", { hasText: "0" }).waitFor();
    await send(from("filter", "mean", { body: "shown upstream" }));
    await page.locator("#upstream").getByText("shown upstream").waitFor();
  },

  async "hostile names and bodies stay text"({ page }) {
    await send(from(hostile, hostile, { properties: { [hostile]: hostile }, systemProperties: { messageId: hostile }, body: hostile }));
    await page.locator(".row", { hasText: "onerror" }).first().click();
    await page.locator("#why").waitFor();
    assert.match(await page.locator("dialog").textContent(), /<img src=x onerror/);
    await page.keyboard.press("Escape");
    assert.match(await page.locator("#clients").textContent(), /<img src=x onerror=alert\(1\)>/);
    assert.equal(await page.locator("img, iframe, body script[src], main script").count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  },

  async "a refused manifest is shown with its findings"({ page }) {
    const answer = await fetch(url + "/api/manifest", {
      method: "PUT", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ schemaVersion: "1.1", storeAndForwardConfiguration: {}, routes: { broken: "FROM /messages/* INTO $upsteam" } }),
    });
    assert.equal(answer.status, 422);
    await page.locator("#refused pre", { hasText: "$upsteam" }).waitFor();
  },

  async "the list is filtered and held"({ page }) {
    await page.getByLabel("Only messages that contain").fill("frames-only");
    await send(from("camera", "frames-only", { body: "x" }));
    await page.locator(".row:visible", { hasText: "frames-only" }).waitFor();
    assert.equal(await page.locator(".row:visible").count(), 1);
    await page.getByLabel("Only messages that contain").fill("");
    await page.getByRole("button", { name: "Hold" }).click();
    await send(from("camera", "held-back", { body: "x" }));
    await page.getByRole("button", { name: "Go on (1)" }).waitFor();
    assert.equal(await page.locator(".row", { hasText: "held-back" }).count(), 0);
    await page.getByRole("button", { name: "Go on (1)" }).click();
    await page.locator(".row", { hasText: "held-back" }).waitFor();
  },

  async "the page is used with the keyboard"({ page }) {
    await page.locator(".row").first().focus();
    await page.keyboard.press("Enter");
    await page.locator("#why, dialog .problem").first().waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement.classList.contains("row")), true, "focus comes back");
    const unnamed = await page.evaluate(() => [...document.querySelectorAll("button, input, textarea")].filter((node) => !(node.textContent.trim() || node.getAttribute("aria-label") || (node.labels && node.labels.length))).length);
    assert.equal(unnamed, 0, "every control has a name");
  },

  async "nothing scrolls sideways on a phone"({ page }) {
    for (const width of [320, 400, 1400]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await overflow(page), 0, width + " px");
    }
  },
};

async function main() {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  let failed = 0;
  try {
    const opening = await opened(browser, { viewport: { width: 1400, height: 900 } });
    for (const [name, test] of Object.entries(cases)) {
      opening.page.setDefaultTimeout(10000);
      // The list does not move under the pointer.
      await opening.page.mouse.move(2, 2);
      try {
        await test(opening);
        assert.deepEqual(opening.complaints, []);
        console.log("ok      " + name);
      } catch (error) {
        failed += 1;
        opening.complaints.length = 0;
        console.log("FAILED  " + name + "\n" + (error.stack || error));
        await opening.page.keyboard.press("Escape");
      }
    }
    if (directory) {
      for (const colorScheme of ["light", "dark"]) {
        for (const width of [1400, 400]) {
          const { page } = await opened(browser, { viewport: { width, height: 900 }, colorScheme });
          await page.waitForTimeout(4500);
          await page.screenshot({ path: `${directory}/${colorScheme}-${width}.png` });
          await page.locator("#list").hover();
          await page.locator(".row").first().click();
          await page.locator("#why").waitFor();
          await page.screenshot({ path: `${directory}/${colorScheme}-${width}-explain.png` });
          await page.keyboard.press("Escape");
          await page.getByRole("button", { name: "Twin and methods of edge-1/sensor" }).click();
          await page.getByLabel("Desired properties").waitFor();
          await page.screenshot({ path: `${directory}/${colorScheme}-${width}-twin.png` });
        }
      }
    }
  } finally {
    await browser.close();
  }
  process.exitCode = failed ? 1 : 0;
}
main().catch((error) => { console.error(error); process.exitCode = 1; });
