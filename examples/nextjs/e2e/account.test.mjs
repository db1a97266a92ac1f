/* Signing up, in and out, and the tokens that follow from it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  add,
  closeBrowser,
  complete,
  errorShownAt,
  eventually,
  focused,
  listed,
  newEmail,
  newUser,
  openBrowser,
  PASSWORD,
  signIn,
  TASKS,
  visitor,
  WEB_URL,
  withOwnAddress,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

before(openBrowser);
after(closeBrowser);

describe("signing up, in and out", () => {
  test("a new user signs up and sees an empty list", async (t) => {
    const page = await visitor(t);
    await withOwnAddress(page);
    await page.goto(`${WEB_URL}/sign-up`);
    await page.getByLabel("Name").fill("Ada Lovelace");
    await page.getByLabel("E-mail").fill(newEmail());
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Nothing to do yet").waitFor();
    assert.equal(new URL(page.url()).pathname, "/");
  });

  test("errors are sentences at their fields, and go away when the field is typed in", async (t) => {
    const { email } = await newUser(t);
    const page = await visitor(t);
    await withOwnAddress(page);
    await page.goto(`${WEB_URL}/sign-up`);
    const [name, address, password] = ["Name", "E-mail", "Password"].map((label) => page.getByLabel(label));
    const submit = () => page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("At least 8 characters").waitFor();
    await submit();
    await errorShownAt(name, /^Enter your name$/);
    await focused(page, name);
    await errorShownAt(address, /^Enter an e-mail address, like/);
    await looksRight(page, "sign-up-errors");
    await name.fill("Ada");
    assert.equal(await name.getAttribute("aria-invalid"), "false");
    await errorShownAt(address, /^Enter an e-mail address, like/);

    await address.fill("no address");
    await password.fill("short");
    await submit();
    await errorShownAt(address, /^Enter an e-mail address, like/);
    await address.fill(email);
    await submit();
    await errorShownAt(password, /at least 8 characters/);
    await password.fill("long enough now");
    await submit();
    await errorShownAt(address, /^There is an account with this e-mail address/);
  });

  test("a button that works says what it does", async (t) => {
    const page = await visitor(t);
    await page.goto(`${WEB_URL}/sign-in`);
    let respond;
    await page.route("**/api/auth/sign-in/**", async (route) => {
      await new Promise((resolve) => (respond = resolve));
      await route.abort();
    });
    await signIn(page, "ada@example.com");
    await page.getByRole("button", { name: "Signing in…" }).waitFor();
    await eventually(() => respond());
    await page.getByText("The sign-in service does not respond").waitFor();
  });

  test("a page that does not exist leads to the tasks", async (t) => {
    const page = await visitor(t);
    await page.goto(`${WEB_URL}/nowhere`);
    await page.getByRole("heading", { name: "This page does not exist" }).waitFor();
    await looksRight(page, "not-found");
    await page.getByRole("link", { name: "Go to your tasks" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("tasks are listed again after signing out and in", async (t) => {
    const { page, email } = await newUser(t);
    await add(page, "Still here tomorrow");
    const second = await page.context().newPage();
    await second.goto(WEB_URL);
    await listed(second, ["Still here tomorrow"]);
    await page.getByRole("button", { name: "Sign out" }).click();
    for (const tab of [page, second]) await tab.getByRole("heading", { name: "Sign in" }).waitFor();
    await second.close();
    await looksRight(page, "sign-in");
    await page.goto(WEB_URL);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(page, email, "wrong password");
    await page.getByText("This e-mail address and this password do not belong together").waitFor();
    await signIn(page, email);
    await listed(page, ["Still here tomorrow"]);
  });

  test("signing in as another user in another tab ends the session of this one", async (t) => {
    const { page } = await newUser(t, { clock: true });
    await add(page, "Ada's secret");
    const other = await newUser(t, { name: "Grace Hopper" });
    await page.context().clearCookies();
    await page.context().addCookies(await other.page.context().cookies());
    await page.clock.fastForward("16:00");
    await page.getByText("Grace Hopper").waitFor();
    await listed(page, []);
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
    const { page } = await newUser(t, { clock: true });
    const fetched = tokenRequests(page);
    await page.reload();
    await add(page, "First");
    await add(page, "Second");
    assert.deepEqual(fetched, [200]);
    await page.clock.fastForward("16:00");
    await add(page, "Third");
    await complete(page, "First");
    assert.deepEqual(fetched, [200, 200]);
    await listed(page, ["Second", "Third"]);
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
    const { page, email } = await newUser(t, { clock: true });
    await add(page, "Before the end");
    await page.context().clearCookies();
    await page.clock.fastForward("16:00");
    await page.getByText("Your session has ended").waitFor();
    await looksRight(page, "session-ended");
    await signIn(page, email);
    await listed(page, ["Before the end"]);
  });

  test("if the API accepts no token, a sentence and a way to sign in again are shown", async (t) => {
    const { page } = await newUser(t);
    await page.route(TASKS, (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: "Bearer foreign.to.ken" } }),
    );
    await page.reload();
    await page.getByRole("alert").getByText("does not accept your sign-in").waitFor();
    assert.equal(await page.getByText("token").count(), 0);
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
