import type { NextConfig } from "next";

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  // This folder is the root of the project, even inside another repository.
  turbopack: { root: import.meta.dirname },
};

export default config;
