/* What the user sees when the API fails, refuses a change or cannot be reached. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  add,
  apiOf,
  checkbox,
  closeBrowser,
  counts,
  edit,
  eventually,
  focused,
  listed,
  newUser,
  openBrowser,
  remove,
  row,
  runHook,
  TASKS,
  undoTimePasses,
  WEB_URL,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

before(openBrowser);
after(closeBrowser);

describe("when the API fails", () => {
  const DETAIL = "The service cannot reach its data at the moment; please try again";
  const failingWith = (status, contentType, body) => (route) =>
    route.fulfill({
      status,
      headers: { "Access-Control-Allow-Origin": WEB_URL, "Access-Control-Allow-Credentials": "true", "Retry-After": "5" },
      contentType,
      body,
    });
  const refusing = (status, detail) =>
    failingWith(status, "application/json", JSON.stringify({ status_code: status, detail }));
  const failing = refusing(500, DETAIL);

  test("the API's message of a 500 is shown, and a retry succeeds", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    await page.route(TASKS, failing);
    await page.reload();
    await page.getByRole("alert").getByText(DETAIL).waitFor();
    await looksRight(page, "error-500");
    await page.unroute(TASKS);
    await page.getByRole("button", { name: "Try again" }).click();
    await listed(page, ["Survivor"]);
  });

  test("the sentence about a 403 or a 429 says what to do, and its button does that", async (t) => {
    const { page } = await newUser(t);
    const refusals = [
      [failingWith(429, "text/html", "<h1>Too Many Requests</h1>"), "There were too many requests", "Try again"],
      [refusing(403, "The path's user is not the token's"), "belong to another user", "Sign in again"],
    ];
    for (const [refuse, sentence, remedy] of refusals) {
      await page.route(TASKS, refuse);
      await page.reload();
      const alert = page.getByRole("alert").filter({ hasText: sentence });
      await alert.getByRole("button", { name: remedy }).waitFor();
      await page.unroute(TASKS);
    }
  });

  /** Holds the requests of a method back until `release` is called, then fails them. */
  async function held(page, method) {
    let release;
    const released = new Promise((resolve) => (release = resolve));
    const changes = (url) => TASKS(url) && url.pathname.includes("/tasks/");
    await page.route(changes, async (route) => {
      if (route.request().method() !== method) return route.continue();
      await released;
      await failing(route);
    });
    return { release, mend: () => page.unroute(changes) };
  }

  test("a completion is shown at once, taken back with a sentence when it fails, and can be retried", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Stubborn");
    const api = await held(page, "PATCH");
    await checkbox(page, "Stubborn").click();
    await counts(page, "1", "0", "1");
    assert.equal(await checkbox(page, "Stubborn").isChecked(), true);
    api.release();
    await row(page, "Stubborn").getByRole("alert").getByText(DETAIL).waitFor();
    await counts(page, "1", "1", "0");
    assert.equal(await checkbox(page, "Stubborn").isChecked(), false);
    await looksRight(page, "error-task");
    await api.mend();
    await row(page, "Stubborn").getByRole("button", { name: "Try again" }).click();
    await page.getByText("Completed Stubborn").waitFor();
    await counts(page, "1", "0", "1");
  });

  test("an edit is shown at once, and its editor opens again with the text when it fails", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Before");
    const api = await held(page, "PUT");
    await (await edit(page, "Before", "After")).getByRole("button", { name: "Save" }).click();
    await listed(page, ["After"]);
    api.release();
    const again = page.getByRole("form", { name: "Edit Before" });
    await again.getByRole("alert").getByText(DETAIL).waitFor();
    assert.equal(await again.getByLabel("Title").inputValue(), "After");
    await looksRight(page, "error-edit");
    await api.mend();
    await again.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved After").waitFor();
    assert.deepEqual((await (await apiOf(page))("GET")).map(({ title }) => title), ["After"]);
  });

  test("a task whose deletion fails is back in its place, with a sentence", async (t) => {
    const { page } = await newUser(t, { clock: true });
    for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
    const api = await held(page, "DELETE");
    api.release();
    await remove(page, "Beta");
    await listed(page, ["Alpha", "Gamma"]);
    await undoTimePasses(page);
    await row(page, "Beta").getByRole("alert").getByText(DETAIL).waitFor();
    await listed(page, ["Alpha", "Beta", "Gamma"]);
  });

  test("retrying a completion whose response was lost does not undo it", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Once is enough");
    const completions = (url) => url.pathname.endsWith("/complete");
    let lost = 0;
    await page.route(completions, async (route) => {
      if (route.request().method() !== "PATCH" || lost++ > 0) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await checkbox(page, "Once is enough").click();
    await row(page, "Once is enough").getByRole("button", { name: "Try again" }).click();
    await page.getByText("Completed Once is enough").waitFor();
    assert.equal((await (await apiOf(page))("GET"))[0].completed, true);
  });

  test("an edit whose response was lost can be saved again", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Buy milk");
    let lost = 0;
    await page.route(TASKS, async (route) => {
      if (route.request().method() !== "PUT" || lost++ > 0) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await (await edit(page, "Buy milk", "Buy oat milk")).getByRole("button", { name: "Save" }).click();
    const form = page.getByRole("form", { name: "Edit Buy milk" });
    await form.getByText("The tasks service cannot be reached").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved Buy oat milk").waitFor();
    await listed(page, ["Buy oat milk"]);
  });

  test("an unreachable API is reported, and the input is kept", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await page.route(TASKS, (route) => released.then(() => route.abort("connectionrefused")));
    const form = page.getByRole("form", { name: "Add a task" });
    await form.getByLabel("New task").fill("Typed offline");
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await form.getByRole("button", { name: "Adding…" }).waitFor();
    release();
    await form.getByText("The tasks service cannot be reached").waitFor();
    assert.equal(await form.getByLabel("New task").inputValue(), "Typed offline");
    await page.unroute(TASKS);
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await listed(page, ["Survivor", "Typed offline"]);
  });

  const hooks = (...names) => ({ skip: names.every((name) => process.env[name]) ? false : `${names.join(", ")} not set` });

  test("a stopped API is reported, and works after a restart", hooks("API_STOP", "API_START"), async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    runHook("API_STOP");
    try {
      await page.reload();
      await page.getByRole("alert").getByText("The tasks service cannot be reached").waitFor();
      await looksRight(page, "error-down");
    } finally {
      runHook("API_START");
    }
    await page.getByRole("button", { name: "Try again" }).click();
    await listed(page, ["Survivor"]);
  });

  test("the browser can read a real 500", hooks("API_BREAK", "API_MEND"), async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    runHook("API_BREAK");
    try {
      // Do not reload the page: its session is stored in the same database.
      const answer = page.waitForResponse((response) => response.status() === 500, { timeout: 30_000 });
      await page.getByLabel("Sort by").selectOption("Title");
      const { detail } = await (await answer).json();
      await page.getByRole("alert").getByText(detail, { exact: true }).waitFor();
    } finally {
      runHook("API_MEND");
    }
    await page.getByRole("button", { name: "Try again" }).click();
    await listed(page, ["Survivor"]);
  });
});
