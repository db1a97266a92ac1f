/*
 * Tests of the example in a real browser, against the running app and API.
 * Environment: see "Tests" in README.md.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  add,
  checkbox,
  closeBrowser,
  errorShownAt,
  eventually,
  focused,
  listed,
  newUser,
  openBrowser,
  returnToTab,
  row,
  runHook,
  screenshot,
  signIn,
  statusesOnTheWire,
  TASKS,
  visitor,
  WEB_URL,
} from "./browser.mjs";

before(openBrowser);
after(closeBrowser);

describe("signing up, in and out", () => {
  test("a new user signs up and sees an empty list", async (t) => {
    const { page } = await newUser(t);
    assert.equal(new URL(page.url()).pathname, "/");
  });

  test("errors are shown at their fields", async (t) => {
    const { email } = await newUser(t);
    const page = await visitor(t);
    await page.goto(`${WEB_URL}/sign-up`);
    await page.getByRole("button", { name: "Create account" }).click();
    await errorShownAt(page.getByLabel("Name"), /^Please enter your name$/);
    await focused(page, page.getByLabel("Name"));
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill("short");
    await page.getByRole("button", { name: "Create account" }).click();
    await errorShownAt(page.getByLabel("Password"), /too short/i);
    await page.getByLabel("Password").fill("long enough now");
    await page.getByRole("button", { name: "Create account" }).click();
    await errorShownAt(page.getByLabel("E-mail"), /already exists/i);
  });

  test("tasks are listed again after signing out and in", async (t) => {
    const { page, email } = await newUser(t);
    await add(page, "Still here tomorrow");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto(WEB_URL);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(page, email, "wrong password");
    await page.getByText("Invalid email or password").waitFor();
    await signIn(page, email);
    await listed(page, ["Still here tomorrow"]);
  });
});

describe("working on tasks", () => {
  test("a user adds, edits, completes, reopens and deletes tasks", async (t) => {
    const { page } = await newUser(t);
    await add(page, "  Buy milk ", "Two litres,\nsemi-skimmed");
    await listed(page, ["Buy milk"]);
    await add(page, "Call Grace");
    assert.match(await row(page, "Buy milk").innerText(), /Two litres,\nsemi-skimmed/);

    await page.getByRole("button", { name: "Edit Buy milk" }).click();
    const form = page.getByRole("form", { name: "Edit Buy milk" });
    await form.getByLabel("Title").fill("Buy oat milk");
    await form.getByLabel("Description").fill("");
    await form.getByRole("button", { name: "Save" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);
    assert.doesNotMatch(await row(page, "Buy oat milk").innerText(), /litres/);
    await focused(page, page.getByRole("button", { name: "Edit Buy oat milk" }));

    await page.getByRole("button", { name: "Edit Call Grace" }).click();
    await page.getByLabel("Title").fill("Something else");
    await page.getByRole("button", { name: "Cancel" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);

    await checkbox(page, "Buy oat milk").check();
    await page.getByText("Completed Buy oat milk").waitFor();
    await page.reload();
    await eventually(async () => assert.ok(await checkbox(page, "Buy oat milk").isChecked()));
    await checkbox(page, "Buy oat milk").uncheck();
    await page.getByText("Reopened Buy oat milk").waitFor();
    await page.reload();
    await eventually(async () => assert.ok(!(await checkbox(page, "Buy oat milk").isChecked())));

    await page.getByRole("button", { name: "Delete Buy oat milk" }).click();
    await focused(page, page.getByRole("button", { name: "Keep it" }));
    await page.getByRole("button", { name: "Keep it" }).click();
    await focused(page, page.getByRole("button", { name: "Delete Buy oat milk" }));
    await page.getByRole("button", { name: "Delete Buy oat milk" }).click();
    await page.getByRole("button", { name: "Delete permanently" }).click();
    await listed(page, ["Call Grace"]);
    await focused(page, checkbox(page, "Call Grace"));
    await page.reload();
    await listed(page, ["Call Grace"]);
  });

  test("filter and order are applied and stored in the URL", async (t) => {
    const { page } = await newUser(t);
    for (const title of ["cherry", "Apple", "banana"]) await add(page, title);
    await checkbox(page, "Apple").check();
    await page.getByText("Completed Apple").waitFor();

    await page.getByRole("radio", { name: "Pending" }).check({ force: true });
    await listed(page, ["cherry", "banana"]);
    await page.getByRole("radio", { name: "Completed" }).check({ force: true });
    await listed(page, ["Apple"]);
    await page.getByRole("radio", { name: "All" }).check({ force: true });
    await listed(page, ["cherry", "Apple", "banana"]);
    await page.getByLabel("Sort by").selectOption("Title");
    await listed(page, ["Apple", "banana", "cherry"]);
    await add(page, "Blueberry");
    await listed(page, ["Apple", "banana", "Blueberry", "cherry"]);

    await page.getByRole("radio", { name: "Pending" }).check({ force: true });
    await listed(page, ["banana", "Blueberry", "cherry"]);
    await page.reload();
    await listed(page, ["banana", "Blueberry", "cherry"]);
    await checkbox(page, "banana").click();
    await listed(page, ["Blueberry", "cherry"]);
    await focused(page, checkbox(page, "Blueberry"));
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

  test("signing in as another user in another tab ends the session of this one", async (t) => {
    const { page } = await newUser(t);
    await page.clock.install();
    await page.reload();
    await add(page, "Ada's secret");
    const other = await newUser(t, { name: "Grace Hopper" });
    await page.context().clearCookies();
    await page.context().addCookies(await other.page.context().cookies());
    await page.clock.fastForward("16:00");
    await page.getByText("Grace Hopper").waitFor();
    await listed(page, []);
  });
});

describe("two windows", () => {
  async function twoWindows(t, title) {
    const { page } = await newUser(t);
    await add(page, title);
    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await listed(second, [title]);
    return [page, second];
  }

  async function rename(page, from, to) {
    await page.getByRole("button", { name: `Edit ${from}` }).click();
    await page.getByLabel("Title").fill(to);
    await page.getByRole("button", { name: "Save" }).click();
    await row(page, to).waitFor();
  }

  test("a poll gets a 304 while nothing changes, also with a new token, and shows changes", async (t) => {
    const { page } = await newUser(t);
    await page.clock.install();
    await page.reload();
    await add(page, "First");
    await page.getByText("Added First").waitFor();
    const statuses = await statusesOnTheWire(page);
    await returnToTab(page); // fills the cache
    await eventually(() => assert.equal(statuses.length, 1));
    await page.clock.fastForward("00:31");
    await eventually(() => assert.equal(statuses.length, 2));
    await page.clock.fastForward("16:00");
    await eventually(() => assert.deepEqual(statuses.slice(1), [304, 304]));
    await listed(page, ["First"]);

    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await add(second, "Second");
    await page.clock.fastForward("00:31");
    await listed(page, ["First", "Second"]);
  });

  test("an edit of a task that has changed is refused, and its text is kept", async (t) => {
    const [page, second] = await twoWindows(t, "Buy milk");
    await page.getByRole("button", { name: "Edit Buy milk" }).click();
    await page.getByLabel("Title").fill("Buy oat milk");
    await rename(second, "Buy milk", "Buy bread");
    await add(second, "Call Grace");
    // Refused even if the list below the open form is up to date.
    await returnToTab(page);
    await row(page, "Call Grace").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("“Buy milk” was changed elsewhere").waitFor();
    await listed(page, ["Buy bread", "Call Grace"]);
    await focused(page, page.getByRole("button", { name: "Edit Buy bread" }));
    await screenshot(page, "changed-elsewhere");

    await page.getByRole("button", { name: "Edit Buy bread" }).click();
    assert.equal(await page.getByLabel("Title").inputValue(), "Buy oat milk");
    await page.getByRole("button", { name: "Save" }).click();
    await listed(page, ["Buy oat milk", "Call Grace"]);
    assert.equal(await page.getByText("changed elsewhere").count(), 0);
  });

  test("a task that has changed is completed, and deleted only after the change is shown", async (t) => {
    const [page, second] = await twoWindows(t, "Tidy up");
    await rename(second, "Tidy up", "Tidy up the cellar");
    await checkbox(page, "Tidy up").click();
    await page.getByText("Completed Tidy up the cellar").waitFor();
    await listed(page, ["Tidy up the cellar"]);
    assert.ok(await checkbox(page, "Tidy up the cellar").isChecked());
    // A second completion from a window that shows the old state does not reopen the task.
    await checkbox(second, "Tidy up the cellar").click();
    await second.getByText("Completed Tidy up the cellar").waitFor();
    assert.ok(await checkbox(second, "Tidy up the cellar").isChecked());

    await rename(second, "Tidy up the cellar", "Keep this");
    await page.getByRole("button", { name: "Delete Tidy up the cellar" }).click();
    await page.getByRole("button", { name: "Delete permanently" }).click();
    await page.getByText("“Tidy up the cellar” was changed elsewhere").waitFor();
    await listed(page, ["Keep this"]);
    await page.getByRole("button", { name: "Delete Keep this" }).click();
    await page.getByRole("button", { name: "Delete permanently" }).click();
    await listed(page, []);
  });
});

describe("requests that the API refuses", () => {
  test("the message is shown at the field, and the input is kept", async (t) => {
    const { page } = await newUser(t);
    const form = page.getByRole("form", { name: "Add a task" });
    const title = form.getByLabel("New task");
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await errorShownAt(title, /title/i);
    await focused(page, title);

    await title.fill("x".repeat(201));
    await form.getByRole("button", { name: "Add a description" }).click();
    await form.getByLabel("Description").fill("y".repeat(1001));
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await errorShownAt(title, /200/);
    await errorShownAt(form.getByLabel("Description"), /1000/);
    assert.equal((await title.inputValue()).length, 201);
    await screenshot(page, "field-errors");

    await title.fill("Short enough");
    await form.getByLabel("Description").fill("y".repeat(1000));
    await form.getByRole("button", { name: "Add", exact: true }).click();
    await listed(page, ["Short enough"]);

    await page.getByRole("button", { name: "Edit Short enough" }).click();
    const edited = page.getByRole("form", { name: "Edit Short enough" });
    await edited.getByLabel("Title").fill("   ");
    await edited.getByRole("button", { name: "Save" }).click();
    await errorShownAt(edited.getByLabel("Title"), /title/i);
    await page.keyboard.press("Escape");
    await listed(page, ["Short enough"]);
  });

  test("a task deleted in another window is removed with a notice", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Here and there");
    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await second.getByRole("button", { name: "Delete Here and there" }).click();
    await second.getByRole("button", { name: "Delete permanently" }).click();
    await second.getByText("Nothing to do yet").waitFor();
    await checkbox(page, "Here and there").click();
    await page.getByText("no longer exists").waitFor();
    await listed(page, []);
  });
});

describe("when the API fails", () => {
  const DETAIL = "The service cannot reach its data at the moment; please try again";
  const failing = (route) =>
    route.fulfill({
      status: 500,
      headers: { "Access-Control-Allow-Origin": WEB_URL, "Access-Control-Allow-Credentials": "true", "Retry-After": "5" },
      contentType: "application/json",
      body: JSON.stringify({ status_code: 500, detail: DETAIL }),
    });

  test("the API's message of a 500 is shown, and a retry succeeds", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    await page.route(TASKS, failing);
    await page.reload();
    await page.getByRole("alert").getByText(DETAIL).waitFor();
    await screenshot(page, "error-500");
    await page.unroute(TASKS);
    await page.getByRole("button", { name: "Try again" }).click();
    await listed(page, ["Survivor"]);
    await focused(page, page.getByRole("heading", { name: "Your tasks" }));
  });

  test("a failed change is reported at its task, undone, and can be retried", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Stubborn");
    const changes = (url) => TASKS(url) && url.pathname.includes("/tasks/");
    await page.route(changes, failing);
    await checkbox(page, "Stubborn").click();
    await row(page, "Stubborn").getByRole("alert").getByText(DETAIL).waitFor();
    assert.equal(await checkbox(page, "Stubborn").isChecked(), false);
    await screenshot(page, "error-task");
    await page.unroute(changes);
    await row(page, "Stubborn").getByRole("button", { name: "Try again" }).click();
    await page.getByText("Completed Stubborn").waitFor();
    assert.equal(await checkbox(page, "Stubborn").isChecked(), true);
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
    await page.reload();
    await eventually(async () => assert.ok(await checkbox(page, "Once is enough").isChecked()));
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
    await page.getByRole("button", { name: "Edit Buy milk" }).click();
    const form = page.getByRole("form", { name: "Edit Buy milk" });
    await form.getByLabel("Title").fill("Buy oat milk");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("The tasks service cannot be reached").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved Buy oat milk").waitFor();
    await listed(page, ["Buy oat milk"]);
  });

  test("an unreachable API is reported, and the input is kept", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Survivor");
    await page.route(TASKS, (route) => route.abort("connectionrefused"));
    const form = page.getByRole("form", { name: "Add a task" });
    await form.getByLabel("New task").fill("Typed offline");
    await form.getByRole("button", { name: "Add", exact: true }).click();
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
      await screenshot(page, "error-down");
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

describe("tokens", () => {
  const tokenRequests = (page) => {
    const seen = [];
    page.on("response", (response) => {
      if (new URL(response.url()).pathname === "/api/auth/token") seen.push(response.status());
    });
    return seen;
  };

  test("one token is used for many requests and renewed when it expires", async (t) => {
    const { page } = await newUser(t);
    await page.clock.install();
    const fetched = tokenRequests(page);
    await page.reload();
    await add(page, "First");
    await add(page, "Second");
    assert.deepEqual(fetched, [200]);
    await page.clock.fastForward("16:00");
    await add(page, "Third");
    await checkbox(page, "First").check();
    await page.getByText("Completed First").waitFor();
    assert.deepEqual(fetched, [200, 200]);
    await listed(page, ["First", "Second", "Third"]);
  });

  test("a token that the API refuses is renewed once, and the request is repeated", async (t) => {
    const { page } = await newUser(t);
    const fetched = tokenRequests(page);
    const answers = [];
    page.on("response", (r) => r.request().method() === "POST" && TASKS(new URL(r.url())) && answers.push(r.status()));
    let spoilt = 0;
    await page.route(TASKS, (route) => {
      const headers = route.request().headers();
      if (route.request().method() === "POST" && spoilt++ === 0) headers.authorization += "x";
      return route.continue({ headers });
    });
    await add(page, "Sent twice, added once");
    assert.deepEqual(answers, [401, 201]);
    assert.deepEqual(fetched, [200]);
    await page.reload();
    await listed(page, ["Sent twice, added once"]);
  });

  test("after the session ends, the user signs in again and sees their tasks", async (t) => {
    const { page, email } = await newUser(t);
    await page.clock.install();
    await page.reload();
    await add(page, "Before the end");
    await page.context().clearCookies();
    await page.clock.fastForward("16:00");
    await page.getByText("Your session has ended").waitFor();
    await screenshot(page, "session-ended");
    // The form works only after its script has loaded.
    await page.waitForLoadState("networkidle");
    await signIn(page, email);
    await listed(page, ["Before the end"]);
  });

  test("if the API accepts no token, its message and a way to sign in again are shown", async (t) => {
    const { page } = await newUser(t);
    await page.route(TASKS, (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: "Bearer foreign.to.ken" } }),
    );
    await page.reload();
    await page.getByRole("alert").getByText("Invalid token").waitFor();
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("no token is kept in local storage, session storage or a readable cookie", async (t) => {
    const { page } = await newUser(t);
    await add(page, "Any");
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.equal(kept, '[{},{},""]');
  });
});

describe("accessibility and layout", () => {
  test("everything works with the keyboard only", async (t) => {
    const page = await visitor(t, { reducedMotion: "reduce" });
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const tabTo = async (locator) => {
      for (let i = 0; i < 30; i++) {
        await press("Tab");
        if (await locator.evaluate((it) => it === document.activeElement)) return;
      }
      assert.fail(`Tab does not reach ${locator}`);
    };
    await page.goto(`${WEB_URL}/sign-in`);
    await tabTo(page.getByRole("link", { name: "Create an account" }));
    await press("Enter");
    await page.getByRole("heading", { name: "Create an account" }).waitFor();
    await tabTo(page.getByLabel("Name"));
    await page.keyboard.type("Keyboard Person");
    await tabTo(page.getByLabel("E-mail"));
    await page.keyboard.type(`e2e-${Date.now()}-keyboard@example.com`);
    await tabTo(page.getByLabel("Password"));
    await page.keyboard.type("correct horse battery");
    await press("Enter");
    await page.getByText("Nothing to do yet").waitFor();

    await tabTo(page.getByLabel("New task"));
    for (const title of ["Alpha", "Beta", "Gamma"]) {
      await page.keyboard.type(title);
      await press("Enter");
      await row(page, title).waitFor();
      await focused(page, page.getByLabel("New task"));
    }
    await tabTo(page.getByRole("button", { name: "Add a description" }));
    await press("Enter");
    await focused(page, page.getByLabel("Description"));

    await tabTo(checkbox(page, "Alpha"));
    await press("Space");
    await page.getByText("Completed Alpha").waitFor();
    await focused(page, checkbox(page, "Alpha"));

    await tabTo(page.getByRole("button", { name: "Edit Beta" }));
    await screenshot(page, "keyboard-focus");
    await press("Enter");
    await focused(page, page.getByLabel("Title"));
    await press("End");
    await page.keyboard.type(" two");
    await press("Enter");
    await row(page, "Beta two").waitFor();
    await focused(page, page.getByRole("button", { name: "Edit Beta two" }));
    await press("Enter", "Escape");
    await focused(page, page.getByRole("button", { name: "Edit Beta two" }));

    await tabTo(page.getByRole("button", { name: "Delete Beta two" }));
    await press("Enter");
    await focused(page, page.getByRole("button", { name: "Keep it" }));
    await press("Escape");
    await focused(page, page.getByRole("button", { name: "Delete Beta two" }));
    await press("Enter", "Tab");
    await focused(page, page.getByRole("button", { name: "Delete permanently" }));
    await press("Enter");
    await listed(page, ["Alpha", "Gamma"]);
    await focused(page, checkbox(page, "Gamma"));

    await page.keyboard.press("Shift+Tab");
    await focused(page, page.getByRole("button", { name: "Delete Alpha" }));
    const filter = page.getByRole("radio", { name: "All" });
    for (let i = 0; i < 10 && !(await filter.evaluate((it) => it === document.activeElement)); i++) {
      await press("Shift+Tab");
    }
    await press("ArrowRight");
    await listed(page, ["Gamma"]);
    await tabTo(page.getByLabel("Sort by"));
    await press("ArrowDown");
    await eventually(async () => assert.match(page.url(), /status=pending&sort=title/));
  });

  for (const [name, options] of Object.entries({
    light: { viewport: { width: 1100, height: 800 }, colorScheme: "light" },
    dark: { viewport: { width: 1100, height: 800 }, colorScheme: "dark" },
    "narrow-light": { viewport: { width: 360, height: 740 }, colorScheme: "light" },
    "narrow-dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark" },
  })) {
    test(`no page needs horizontal scrolling: ${name}`, async (t) => {
      const { page } = await newUser(t, { name: "Ada Lovelace, Countess of Somewhere", ...options });
      const settled = async (state) => {
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(sideways <= 0, `${state}: ${sideways} px too wide`);
        await screenshot(page, `${name}-${state}`);
      };
      await page.getByText("Nothing to do yet").waitFor();
      await settled("empty");
      await add(page, "Water the plants", "The fern in the hall, too.\nNot the cactus.");
      await add(page, "Book train tickets");
      await add(page, "Call Grace about the talk on compilers, and ask her which of the two dates is better");
      await add(page, "Renew the passport");
      await checkbox(page, "Book train tickets").check();
      await page.getByText("Completed Book train tickets").waitFor();
      await page.locator("h1").evaluate((it) => it.focus());
      await settled("list");
      await add(page, `https://example.com/${"a".repeat(150)}`);
      await page.getByRole("button", { name: "Edit Water the plants" }).click();
      await page.getByRole("button", { name: "Delete Renew the passport" }).click();
      await settled("open");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await settled("sign-in");
      await page.getByRole("link", { name: "Create an account" }).click();
      await page.getByRole("heading", { name: "Create an account" }).waitFor();
      await settled("sign-up");
    });
  }
});
