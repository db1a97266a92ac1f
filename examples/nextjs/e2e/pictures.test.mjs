/* The pictures of the README. `make screenshots` writes them to docs/images. */
import { after, before, test } from "node:test";
import { add, checkbox, closeBrowser, newUser, openBrowser, picture, row } from "./browser.mjs";

before(openBrowser);
after(closeBrowser);

const TASKS = [
  ["Water the plants", "The fern in the hall, too, but not the cactus"],
  ["Book train tickets to Lisbon"],
  ["Call Grace about the talk on compilers", "She prefers mornings"],
  ["Renew the passport"],
  ["Pay the rent"],
  ["Fix the rear light of the bicycle"],
  ["Return the library books"],
  ["Order a birthday cake"],
];

async function board(t, options) {
  const { page } = await newUser(t, options);
  for (const [title, description] of TASKS) await add(page, title, description);
  for (const title of ["Renew the passport", "Pay the rent"]) {
    await checkbox(page, title).check();
    await page.getByText(`Completed ${title}`).waitFor();
    await row(page, title).waitFor({ state: "detached" });
  }
  return page;
}

test("a picture of the list on a large screen, light and dark", async (t) => {
  const page = await board(t, { viewport: { width: 853, height: 600 }, deviceScaleFactor: 1.5 });
  await row(page, "Fix the rear light of the bicycle").hover();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await picture(page, `example-${colorScheme}`);
  }
});

test("a picture of the list on a phone", async (t) => {
  const viewport = { width: 390, height: 680 };
  const page = await board(t, { viewport, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  await picture(page, "example-phone");
});
