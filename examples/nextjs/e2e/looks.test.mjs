/* Each state of the pages on three screens, and the behaviour that depends on the screen. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  add,
  checkbox,
  closeBrowser,
  complete,
  edit,
  eventually,
  listed,
  newUser,
  openBrowser,
  remove,
  row,
  show,
  TASKS,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

before(openBrowser);
after(closeBrowser);

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describe("the states of the list", () => {
  for (const width of [360, 768, 1280]) {
    test(`on a screen of ${width} px`, async (t) => {
      const { page } = await newUser(t, {
        name: "Ada Lovelace, Countess of Somewhere",
        viewport: { width, height: 800 },
      });
      await looksRight(page, "empty");
      await add(page, "Water the plants", "The fern in the hall, too.\nNot the cactus.");
      await looksRight(page, "one");
      await add(page, "Book train tickets");
      await add(page, "Call Grace about the talk on compilers, and ask her which of the two dates is better");
      await add(page, `https://example.com/${"a".repeat(150)}`);
      await complete(page, "Book train tickets");
      await page.getByRole("button", { name: "1 completed" }).click();
      await edit(page, "Water the plants", "Water all plants");
      await looksRight(page, "list");
      await show(page, "Completed");
      await remove(page, "Book train tickets");
      await page.getByText("Nothing completed yet").waitFor();
      await looksRight(page, "deleted");
    });
  }
});

test("rows and their skeletons have the same height, 44 px", async (t) => {
  const { page } = await newUser(t);
  await add(page, "Water the plants", "The fern in the hall, too");
  const height = async () => (await page.locator(".task").first().boundingBox()).height;
  assert.equal(await height(), 44);
  await page.route(TASKS, () => {});
  await page.reload();
  await page.locator(".skeleton").waitFor();
  assert.equal(await height(), 44);
  await looksRight(page, "loading");
});

test("with a mouse, a row's actions appear where the pointer is", async (t) => {
  const { page } = await newUser(t);
  await add(page, "Water the plants");
  const actions = page.locator(".row-actions");
  const opacity = () => actions.evaluate((it) => getComputedStyle(it).opacity);
  await page.mouse.move(0, 0);
  await eventually(async () => assert.equal(await opacity(), "0"));
  await row(page, "Water the plants").hover();
  await eventually(async () => assert.equal(await opacity(), "1"));
});

test("on a touch screen, a row's actions are in a menu", async (t) => {
  const { page } = await newUser(t, PHONE);
  await add(page, "Water the plants");
  await add(page, "Renew the passport");
  assert.equal(await page.getByRole("button", { name: "Edit Water the plants" }).count(), 0);
  await page.getByRole("button", { name: "Actions for Water the plants" }).tap();
  await page.getByRole("button", { name: "Edit Water the plants" }).waitFor();
  await looksRight(page, "menu");
  await page.getByRole("button", { name: "Edit Water the plants" }).tap();
  await page.getByLabel("Title").fill("Water the fern");
  await page.getByRole("button", { name: "Save" }).tap();
  await listed(page, ["Water the fern", "Renew the passport"]);
  await page.getByRole("button", { name: "Actions for Water the fern" }).tap();
  await page.getByRole("button", { name: "Delete Water the fern" }).tap();
  await listed(page, ["Renew the passport"]);
});

test("a text stands in the direction of its own letters", async (t) => {
  const { page } = await newUser(t);
  await add(page, "לקנות חלב!", "ליטר אחד.\nMilk.");
  await page.getByLabel("New task").fill("שלום!");
  const directions = (locator) => locator.evaluateAll((all) => all.map((it) => getComputedStyle(it).direction));
  assert.deepEqual(await directions(page.locator(".title, .description, #new-task")), ["rtl", "rtl", "rtl"]);
  await add(page, "Water the plants");
  assert.deepEqual(await directions(page.locator(".title")), ["rtl", "ltr"]);
});

test("in forced colours, the chosen filter and the completed tasks differ from the others", async (t) => {
  const { page } = await newUser(t);
  await add(page, "Water the plants");
  await add(page, "Renew the passport");
  await complete(page, "Water the plants");
  await page.getByRole("button", { name: "1 completed" }).click();
  await page.emulateMedia({ forcedColors: "active" });
  const styles = (locator, name) => locator.evaluateAll((all, name) => all.map((it) => getComputedStyle(it)[name]), name);
  const [pending, completed] = await styles(page.locator(".title"), "textDecorationLine");
  assert.deepEqual([pending, completed], ["none", "line-through"]);
  const [chosen, ...others] = await styles(page.locator(".filter span"), "borderTopColor");
  const [behind] = await styles(page.locator("body"), "backgroundColor");
  assert.notEqual(chosen, behind);
  assert.deepEqual(others, [behind, behind]);
});

test("a completed task is seen to be completed before it leaves, unless motion is to be reduced", async (t) => {
  const { page } = await newUser(t);
  await add(page, "Water the plants");
  await add(page, "Renew the passport");
  const animations = (title) => checkbox(page, title).evaluate((it) => it.closest(".task").getAnimations().length);
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  const answer = page.waitForResponse((response) => response.request().method() === "PATCH");
  await checkbox(page, "Water the plants").click();
  assert.equal(await animations("Water the plants"), 1);
  await answer;
  await listed(page, ["Water the plants", "Renew the passport"]);
  await page.clock.resume();
  await listed(page, ["Renew the passport"]);

  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.route(TASKS, () => {});
  await checkbox(page, "Renew the passport").click();
  assert.equal(await animations("Renew the passport"), 0);
});

test("a date is shown only if it is not today's, and once for each day", async (t) => {
  const { page } = await newUser(t);
  for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
  const dates = () => page.locator(".task").evaluateAll((rows) => rows.map((it) => it.querySelector("time")?.innerText ?? ""));
  assert.deepEqual(await dates(), ["", "", ""]);
  const days = { Alpha: "2024-03-05", Beta: "2024-03-05", Gamma: "2024-04-01" };
  await page.route(TASKS, async (route) => {
    const response = await route.fetch();
    if (route.request().method() !== "GET") return route.fulfill({ response });
    const tasks = await response.json();
    await route.fulfill({ response, json: tasks.map((it) => ({ ...it, created_at: `${days[it.title]}T12:00:00.000000Z` })) });
  });
  await page.reload();
  await listed(page, ["Alpha", "Beta", "Gamma"]);
  assert.deepEqual(await dates(), ["5 Mar 2024", "", "1 Apr 2024"]);
  await page.getByLabel("Sort by").selectOption("Title");
  await eventually(async () => assert.deepEqual(await dates(), ["5 Mar 2024", "5 Mar 2024", "1 Apr 2024"]));
});
