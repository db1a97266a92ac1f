import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import "@fontsource-variable/figtree"; // the font's files, and beside them its licence
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/page.css";
import "./styles/tasks.css";
import "./styles/editor.css";
import "./styles/empty.css";
import "./styles/overlays.css";

export const metadata: Metadata = {
  title: { default: "Tasks", template: "%s · Tasks" },
  description: "A task list on tasks-api, with Better Auth",
};

export const viewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#faf9f6" },
    { media: "(prefers-color-scheme: dark)", color: "#131615" },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
