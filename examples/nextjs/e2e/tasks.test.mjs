/* Working on tasks: in one window, in two windows, and what the API refuses. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  add,
  apiOf,
  checkbox,
  closeBrowser,
  complete,
  counts,
  edit,
  errorShownAt,
  eventually,
  focused,
  listed,
  newUser,
  openBrowser,
  remove,
  rename,
  returnToTab,
  row,
  show,
  statusesOnTheWire,
  undoTimePasses,
  userWithTasks,
  WEB_URL,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

before(openBrowser);
after(closeBrowser);

const withClock = async (t) => (await newUser(t, { clock: true })).page;

describe("working on tasks", () => {
  test("a user adds, edits, completes and reopens tasks", async (t) => {
    const { page } = await newUser(t);
    await focused(page, page.getByLabel("New task"));
    await add(page, "  Buy milk ", "Two litres,\nsemi-skimmed");
    await listed(page, ["Buy milk"]);
    await add(page, "Call Grace");
    await focused(page, page.getByLabel("New task"));
    await page.getByRole("button", { name: "Two litres" }).click();
    assert.match(await row(page, "Buy milk").innerText(), /Two litres,\nsemi-skimmed/);

    const form = await edit(page, "Buy milk", "Buy oat milk");
    await form.getByLabel("Description").fill("");
    await form.getByRole("button", { name: "Save" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);
    assert.doesNotMatch(await row(page, "Buy oat milk").innerText(), /litres/);
    await focused(page, checkbox(page, "Buy oat milk"));

    await (await edit(page, "Call Grace", "Something else")).getByRole("button", { name: "Cancel" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);

    await complete(page, "Buy oat milk");
    await listed(page, ["Call Grace"]);
    await page.reload();
    await listed(page, ["Call Grace"]);
    await page.getByRole("button", { name: "1 completed" }).click();
    await listed(page, ["Call Grace", "Buy oat milk"]);
    await checkbox(page, "Buy oat milk").uncheck();
    await page.getByText("Reopened Buy oat milk").waitFor();
    await page.reload();
    await listed(page, ["Buy oat milk", "Call Grace"]);
  });

  test("a completed task can be brought back by Undo", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Too early");
    await complete(page, "Too early");
    await page.getByText("All done").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await listed(page, ["Too early"]);
    await eventually(async () => assert.equal((await (await apiOf(page))("GET"))[0].completed, false));
  });

  test("filter, counts and order follow the changes, and the URL stores them", async (t) => {
    const { page } = await newUser(t);
    for (const title of ["cherry", "Apple", "banana"]) await add(page, title);
    await counts(page, "3", "3", "0");
    await complete(page, "Apple");
    await counts(page, "3", "2", "1");

    await show(page, "Pending");
    await listed(page, ["cherry", "banana"]);
    await show(page, "Completed");
    await listed(page, ["Apple"]);
    await show(page, "All");
    await listed(page, ["cherry", "banana"]);
    await page.getByLabel("Sort by").selectOption("Title");
    await listed(page, ["banana", "cherry"]);
    await add(page, "Blueberry");
    await listed(page, ["banana", "Blueberry", "cherry"]);

    await show(page, "Pending");
    await page.reload();
    await listed(page, ["banana", "Blueberry", "cherry"]);
    await checkbox(page, "banana").click();
    await listed(page, ["Blueberry", "cherry"]);
    await focused(page, checkbox(page, "Blueberry"));
    await counts(page, "4", "2", "2");
    // A new task is pending, so the filter changes to one that shows it.
    await page.getByRole("radio", { name: "Completed 2", exact: true }).waitFor();
    await show(page, "Completed");
    await add(page, "Date");
    await listed(page, ["Blueberry", "cherry", "Date"]);
  });

  test("a new task comes into view, beside the field for the next one", async (t) => {
    const page = await userWithTasks(t, 20, { viewport: { width: 800, height: 400 } });
    await add(page, "The last one");
    const inView = (locator) =>
      locator.evaluate((it) => {
        const { top, bottom } = it.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
    await eventually(async () => assert.ok(await inView(row(page, "The last one"))));
    assert.ok(await inView(page.getByLabel("New task")));
    await focused(page, page.getByLabel("New task"));
    assert.match(await row(page, "The last one").getAttribute("class"), /fresh/);
  });

  test("the page does not move when an editor opens, and neither does the title", async (t) => {
    const page = await userWithTasks(t, 20, { viewport: { width: 800, height: 400 } });
    await row(page, "Task 12").scrollIntoViewIfNeeded();
    const scrolled = await page.evaluate(() => scrollY);
    assert.ok(scrolled > 0);
    const place = await row(page, "Task 12").locator(".title").boundingBox();
    const form = await edit(page, "Task 12", "Task 12");
    const field = await form.getByLabel("Title").boundingBox();
    const { paddingLeft } = await form.getByLabel("Title").evaluate((it) => ({ ...getComputedStyle(it) }));
    assert.equal(await page.evaluate(() => scrollY), scrolled);
    assert.ok(Math.abs(field.x + 1 + parseFloat(paddingLeft) - place.x) < 1, "the text has moved sideways");
    assert.ok(Math.abs(field.y + field.height / 2 - (place.y + place.height / 2)) < 1.5, "the text has moved");
  });

  test("two users do not see each other's tasks", async (t) => {
    const [ada, grace] = [await newUser(t), await newUser(t, { name: "Grace Hopper" })];
    await add(ada.page, "Ada's secret");
    await add(grace.page, "Grace's secret");
    await ada.page.reload();
    await grace.page.reload();
    await listed(ada.page, ["Ada's secret"]);
    await listed(grace.page, ["Grace's secret"]);
  });
});

describe("deleting", () => {
  test("a deleted task is hidden at once, and deleted when the time to undo has passed", async (t) => {
    const page = await withClock(t);
    for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
    const call = await apiOf(page);
    await remove(page, "Beta");
    await listed(page, ["Alpha", "Gamma"]);
    await counts(page, "2", "2", "0");
    assert.equal((await call("GET")).length, 3);
    await undoTimePasses(page);
    await eventually(async () => assert.equal((await call("GET")).length, 2));
    await listed(page, ["Alpha", "Gamma"]);
    await page.reload();
    await listed(page, ["Alpha", "Gamma"]);
  });

  test("Undo shows the same task in its place, and nothing is sent", async (t) => {
    const page = await withClock(t);
    for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
    const call = await apiOf(page);
    const tasks = await call("GET");
    await remove(page, "Beta");
    await page.getByRole("button", { name: "Undo" }).click();
    await listed(page, ["Alpha", "Beta", "Gamma"]);
    await focused(page, checkbox(page, "Beta"));
    await undoTimePasses(page);
    assert.deepEqual(await call("GET"), tasks);
  });

  test("another deletion ends the time to undo of the first one", async (t) => {
    const page = await withClock(t);
    for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
    const call = await apiOf(page);
    await remove(page, "Alpha");
    await remove(page, "Beta");
    await eventually(async () => assert.equal((await call("GET")).length, 2));
    await page.getByRole("button", { name: "Undo" }).click();
    await listed(page, ["Beta", "Gamma"]);
  });

  for (const [how, leave] of Object.entries({
    closed: (page) => page.close({ runBeforeUnload: true }),
    left: (page) => page.goto("about:blank"),
  })) {
    test(`a page that is ${how} during the time to undo deletes the task`, async (t) => {
      const { page } = await newUser(t);
      await add(page, "Gone");
      await add(page, "Stays");
      const call = await apiOf(page);
      await remove(page, "Gone");
      assert.equal((await call("GET")).length, 2);
      // Not with a route on the page: Playwright would hold its last request back.
      await leave(page);
      await eventually(async () => assert.deepEqual((await call("GET")).map(({ title }) => title), ["Stays"]));
    });
  }
});

describe("two windows", () => {
  async function twoWindows(t, title) {
    const page = await withClock(t);
    await add(page, title);
    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await listed(second, [title]);
    return [page, second];
  }

  test("a poll gets a 304 while nothing changes, also with a new token, and shows changes", async (t) => {
    const page = await withClock(t);
    await add(page, "First");
    await page.getByText("Added First").waitFor();
    const statuses = await statusesOnTheWire(page);
    await returnToTab(page); // fills the cache with the pending and the completed tasks
    await eventually(() => assert.equal(statuses.length, 2));
    await page.clock.fastForward("00:31");
    await eventually(() => assert.equal(statuses.length, 4));
    await page.clock.fastForward("16:00");
    await eventually(() => assert.deepEqual(statuses.slice(2), [304, 304, 304, 304]));
    await listed(page, ["First"]);

    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await add(second, "Second");
    await page.clock.fastForward("00:31");
    await listed(page, ["First", "Second"]);
  });

  test("an edit of a task that has changed is refused, and its text is kept", async (t) => {
    const [page, second] = await twoWindows(t, "Buy milk");
    const form = await edit(page, "Buy milk", "Buy oat milk");
    await rename(second, "Buy milk", "Buy bread");
    await add(second, "Call Grace");
    // Refused even if the list below the open form is up to date.
    await returnToTab(page);
    await row(page, "Call Grace").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("“Buy milk” was changed elsewhere").waitFor();
    await listed(page, ["Buy bread", "Call Grace"]);
    await page.getByText("Your text is kept").waitFor();
    await looksRight(page, "changed-elsewhere");

    await row(page, "Buy bread").hover();
    await page.getByRole("button", { name: "Edit Buy bread" }).click();
    assert.equal(await page.getByLabel("Title").inputValue(), "Buy oat milk");
    await page.getByRole("button", { name: "Save" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);
    assert.equal(await page.getByText("Your text is kept").count(), 0);
    await page.getByRole("button", { name: "Close" }).click();
    assert.equal(await page.getByText("changed elsewhere").count(), 0);
  });

  test("a task that has changed is completed, and deleted only after the change is shown", async (t) => {
    const [page, second] = await twoWindows(t, "Tidy up");
    await rename(second, "Tidy up", "Tidy up the cellar");
    await complete(page, "Tidy up");
    await page.getByText("Completed Tidy up the cellar").waitFor();
    // A second completion from a window that shows the old state does not reopen the task.
    await complete(second, "Tidy up the cellar");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Reopened Tidy up the cellar").waitFor();

    await returnToTab(second);
    await rename(second, "Tidy up the cellar", "Keep this");
    await remove(page, "Tidy up the cellar");
    await undoTimePasses(page);
    await page.getByText("“Tidy up the cellar” was changed elsewhere").waitFor();
    await listed(page, ["Keep this"]);
    await remove(page, "Keep this");
    await undoTimePasses(page);
    await eventually(async () => assert.deepEqual(await (await apiOf(page))("GET"), []));
  });

  test("a task deleted in another window is removed with a notice", async (t) => {
    const [page] = await twoWindows(t, "Here and there");
    const call = await apiOf(page);
    await call("DELETE", `/${(await call("GET"))[0].id}`);
    await checkbox(page, "Here and there").click();
    await page.getByText("no longer exists").waitFor();
    await listed(page, []);
  });
});

describe("input that cannot be accepted", () => {
  test("a sentence is shown at the field, and goes away when it is typed in", async (t) => {
    const { page } = await newUser(t);
    const form = page.getByRole("form", { name: "Add a task" });
    const title = form.getByLabel("New task");
    const submit = () => form.getByRole("button", { name: "Add", exact: true }).click();
    await submit();
    await errorShownAt(title, /^Give the task a title$/);
    await focused(page, title);

    await title.fill("x".repeat(201));
    assert.equal(await title.getAttribute("aria-invalid"), "false");
    await form.getByRole("button", { name: "Add a description" }).click();
    const description = form.getByLabel("Description");
    await description.fill("y".repeat(1001));
    await submit();
    await errorShownAt(title, /at most 200 characters; this one has 201$/);
    await errorShownAt(description, /at most 1,000 characters; this one has 1,001$/);
    await looksRight(page, "field-errors");

    await title.fill("🦉".repeat(200));
    await focused(page, title);
    await errorShownAt(description, /1,000/);
    await description.fill("y".repeat(1000));
    await submit();
    await listed(page, ["🦉".repeat(200)]);

    const editor = await edit(page, "🦉".repeat(200), "   ");
    await editor.getByRole("button", { name: "Save" }).click();
    await errorShownAt(editor.getByLabel("Title"), /^Give the task a title$/);
    await page.keyboard.press("Escape");
    await listed(page, ["🦉".repeat(200)]);
  });

  test("what only the API refuses is shown at the field, too", async (t) => {
    const { page } = await newUser(t);
    const title = page.getByLabel("New task");
    await title.fill("with a \u0000");
    await title.evaluate((it) => it.form.requestSubmit());
    await errorShownAt(title, /^title /i);
    await add(page, "Fine");
    const editor = await edit(page, "Fine", "with a \u0000");
    await editor.getByRole("button", { name: "Save" }).click();
    const again = page.getByRole("form", { name: "Edit Fine" });
    await errorShownAt(again.getByLabel("Title"), /^title /i);
    await again.getByLabel("Title").fill("Finer");
    await again.getByRole("button", { name: "Save" }).click();
    await listed(page, ["Finer"]);
  });
});
