import type { NextConfig } from "next";

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  // Next.js's badge would cover the page's content under `next dev`.
  devIndicators: false,
  // This folder is the root of the project, even inside another repository.
  turbopack: { root: import.meta.dirname },
};

export default config;
