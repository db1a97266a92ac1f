/* Parts of the tests: users with a browser, what they do, and waiting. */
import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const WEB_URL = process.env.WEB_URL ?? "http://localhost:3000";
export const API_URL = process.env.API_URL ?? "http://localhost:8000";
export const PASSWORD = "correct horse battery";
const SCREENSHOTS = fileURLToPath(new URL("screenshots/", import.meta.url));
const PATIENCE_MS = 20_000;

/** Matches every request to the API for tasks. */
export const TASKS = (url) => url.href.startsWith(`${API_URL}/api/`);

let browser;
let users = 0;

export async function openBrowser() {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export async function closeBrowser() {
  await browser?.close();
}

/** Returns a page in a separate browser context. An uncaught error on the page fails the test. */
export async function visitor(t, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const failures = [];
  page.on("pageerror", (error) => failures.push(error));
  t.after(async () => {
    if (!page.isClosed()) await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
    assert.deepEqual(failures, [], "scripts that failed on the page");
  });
  return page;
}

/**
 * Returns the page and the e-mail address of a new user. With `clock`, the test sets the page's time.
 * One test signs up in the browser; the others save the time.
 */
export async function newUser(t, { name = "Ada Lovelace", clock = false, ...options } = {}) {
  const page = await visitor(t, options);
  const email = newEmail();
  const headers = { Origin: WEB_URL, "X-Forwarded-For": newAddress() };
  const data = { name, email, password: PASSWORD };
  const response = await page.request.post(`${WEB_URL}/api/auth/sign-up/email`, { headers, data });
  assert.ok(response.ok(), await response.text());
  if (clock) await page.clock.install();
  await page.goto(WEB_URL);
  await page.getByText("Nothing to do yet").waitFor();
  return { page, email };
}

/** Better Auth limits one address to three sign-ups in ten seconds: each user has one. */
const newAddress = () => `192.0.2.${(++users % 250) + 1}`;

/** Lets what is sent from the sign-up page come from an address of its own. */
export async function withOwnAddress(page) {
  const address = newAddress();
  await page.route("**/api/auth/sign-up/**", (route) =>
    route.continue({ headers: { ...route.request().headers(), "x-forwarded-for": address } }),
  );
}

export const newEmail = () => `e2e-${process.pid}-${Date.now()}-${users}@example.com`;

export async function signIn(page, email, password = PASSWORD) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Returns a function that calls the API for the tasks of the page's user. */
export async function apiOf(page) {
  const { token } = await page.evaluate(async () => (await fetch("/api/auth/token")).json());
  const { sub } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return async (method, path = "", body = undefined) => {
    const url = `${API_URL}/api/${sub}/tasks${path}`;
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(response.ok, `${method} ${url}: ${response.status}`);
    return response.status === 204 ? undefined : response.json();
  };
}

export async function add(page, title, description) {
  const form = page.getByRole("form", { name: "Add a task" });
  await form.getByLabel("New task").fill(title);
  if (description !== undefined) {
    await form.getByRole("button", { name: "Add a description" }).click();
    await form.getByLabel("Description").fill(description);
  }
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await row(page, title.trim()).waitFor();
}

/** Returns the page of a user who has the tasks "Task 1" to "Task `number`". */
export async function userWithTasks(t, number, options = {}) {
  const { page } = await newUser(t, options);
  const call = await apiOf(page);
  // One after the other, because their order matters.
  for (let n = 1; n <= number; n++) await call("POST", "", { title: `Task ${n}` });
  await page.reload();
  await row(page, "Task 1").waitFor();
  return page;
}

/** Opens the editor of a task and enters its new title. */
export async function edit(page, title, next) {
  await row(page, title).hover();
  await page.getByRole("button", { name: `Edit ${title}` }).click();
  const form = page.getByRole("form", { name: `Edit ${title}` });
  await form.getByLabel("Title").fill(next);
  return form;
}

export async function rename(page, title, next) {
  const form = await edit(page, title, next);
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText(`Saved ${next}`).waitFor();
}

/** Deletes a task, which can be undone from then on. */
export async function remove(page, title) {
  await row(page, title).hover();
  await page.getByRole("button", { name: `Delete ${title}` }).click();
  await page.getByText(`Deleted ${title}`).waitFor();
}

/** Simulates that the time to undo has passed. The page's clock must be installed. */
export async function undoTimePasses(page) {
  await page.clock.fastForward("00:08");
}

export async function complete(page, title) {
  await checkbox(page, title).click();
  await page.getByText(`Completed ${title}`).waitFor();
}

export const show = (page, status) => page.getByRole("radio", { name: status }).check({ force: true });

/** Waits until the filter has these counts: all, pending, completed. */
export async function counts(page, ...expected) {
  await eventually(async () => assert.deepEqual(await page.locator(".filter b").allInnerTexts(), expected));
}

export const row = (page, title) =>
  page.getByRole("listitem").filter({ has: page.locator(".title").getByText(title, { exact: true }) });

export const checkbox = (page, title) => page.getByRole("checkbox", { name: title, exact: true });

const titles = (page) => page.locator(".task .title").allInnerTexts();

export async function listed(page, expected) {
  await eventually(async () => assert.deepEqual(await titles(page), expected));
}

/** Simulates a return of the user to the tab. */
export async function returnToTab(page) {
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** Returns the list of the statuses of all GETs to the API on the network; scripts never see a 304. */
export async function statusesOnTheWire(page) {
  const network = await page.context().newCDPSession(page);
  const asked = new Set();
  const statuses = [];
  network.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.method === "GET" && TASKS(new URL(request.url))) asked.add(requestId);
  });
  network.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => {
    if (asked.has(requestId)) statuses.push(statusCode);
  });
  await network.send("Network.enable");
  return statuses;
}

/** Waits until the error message of a control, as a screen reader finds it, matches `wording`. */
export async function errorShownAt(control, wording) {
  await eventually(async () => {
    assert.equal(await control.getAttribute("aria-invalid"), "true");
    const id = await control.getAttribute("aria-describedby");
    assert.match(await control.page().locator(`[id="${id}"]`).innerText(), wording);
  });
}

export async function focused(page, locator) {
  await eventually(async () =>
    assert.ok(
      await locator.evaluate((it) => it === document.activeElement),
      `focus is on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))}`,
    ),
  );
}

export async function eventually(check) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function screenshot(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true, animations: "disabled" });
}

/** Takes a picture of what is on the screen, for the README. */
export async function picture(page, name) {
  const folder = process.env.PICTURES ?? SCREENSHOTS;
  await page.evaluate(async () => {
    scrollTo(0, 0);
    await document.fonts.ready;
  });
  await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
}

/** Runs the shell command in the environment variable `name`. */
export function runHook(name) {
  execSync(process.env[name], { stdio: "inherit", timeout: 60_000 });
}
