/* A list of more tasks than one page of the API's. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  add,
  checkbox,
  closeBrowser,
  complete,
  counts,
  eventually,
  openBrowser,
  returnToTab,
  row,
  TASKS,
  userWithTasks,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

const TASKS_IN_ALL = 230;

before(openBrowser);
after(closeBrowser);

async function scrollToTheEnd(page) {
  await eventually(async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    assert.equal(await page.locator(".task").count(), TASKS_IN_ALL);
  });
}

test("pages are loaded as they are reached, and the counts say what is known", async (t) => {
  const page = await userWithTasks(t, TASKS_IN_ALL);
  const asked = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (TASKS(url) && request.method() === "GET") asked.push(url.searchParams);
  });
  assert.equal(await page.locator(".tasks .task").count(), 100);
  await counts(page, "100+", "100+", "0");
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 700 });
  await looksRight(page, "long-list");
  await page.setViewportSize(size);
  await complete(page, "Task 1");
  await counts(page, "101+", "100+", "1");
  asked.length = 0;

  await page.getByRole("button", { name: "Undo" }).click();
  await row(page, "Task 1").waitFor();
  await scrollToTheEnd(page);
  await counts(page, "230", "230", "0");
  const pages = asked.filter((query) => query.has("after"));
  assert.deepEqual(pages.map((query) => query.get("limit")), ["100", "100"]);
  const titles = await page.locator(".task .title").allInnerTexts();
  assert.deepEqual(titles, Array.from({ length: TASKS_IN_ALL }, (_, index) => `Task ${index + 1}`));

  // A poll fetches what is shown in one request for each list.
  asked.length = 0;
  await returnToTab(page);
  await eventually(() => assert.deepEqual(asked.map((query) => query.get("limit")).sort(), ["100", "300"]));
});

test("a new task whose page is not loaded is shown at the top, until its page is", async (t) => {
  const page = await userWithTasks(t, TASKS_IN_ALL);
  await add(page, "Brand new");
  await counts(page, "101+", "101+", "0");
  const fresh = page.getByRole("list", { name: "Just added" });
  await fresh.locator(".title").getByText("Brand new").waitFor();
  await returnToTab(page);
  await add(page, "Newer");
  assert.deepEqual(await fresh.locator(".title").allInnerTexts(), ["Newer", "Brand new"]);
  await complete(page, "Newer");
  await eventually(async () => assert.deepEqual(await fresh.locator(".title").allInnerTexts(), ["Brand new"]));

  await eventually(async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    assert.equal(await fresh.count(), 0);
  });
  assert.equal(await page.locator(".tasks .title").last().innerText(), "Brand new");
  assert.equal(await checkbox(page, "Brand new").count(), 1);
});

test("a page that cannot be loaded is reported, and can be loaded again", async (t) => {
  const page = await userWithTasks(t, TASKS_IN_ALL);
  const further = (url) => TASKS(url) && url.searchParams.has("after");
  await page.route(further, (route) => route.abort("connectionrefused"));
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.getByRole("alert").getByText("The tasks service cannot be reached").waitFor();
  await page.unroute(further);
  await page.getByRole("button", { name: "Try again" }).click();
  await row(page, "Task 200").waitFor();
});
