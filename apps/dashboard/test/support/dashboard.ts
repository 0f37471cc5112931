/** What every test in a browser needs. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { launchBrowser, openPage, type TestPage } from "./browser.ts";
import { type DashboardServer, startDashboardServer } from "./server.ts";

export interface Dashboard {
  server: DashboardServer;
  browser: Browser;
  /** A page that nobody is signed in to. */
  open: TestPage;
}

interface DashboardOptions {
  /** The tests of the file go on in one page; else each has its own. */
  onePage?: boolean;
}

/** For the tests of a file: server, browser and page are there from `beforeAll` on, and gone after the last `afterAll`. */
export function useDashboard({ onePage = false }: DashboardOptions = {}): Dashboard {
  const dashboard = {} as Partial<Dashboard>;
  const openOne = async ({ browser, server }: Dashboard) => {
    dashboard.open = await openPage(browser, server.url);
  };
  const closeOne = async () => {
    await dashboard.open?.context.close();
  };
  beforeAll(async () => {
    dashboard.server = await startDashboardServer();
    dashboard.browser = await launchBrowser();
    if (onePage) await openOne(dashboard as Dashboard);
  });
  if (!onePage) {
    beforeEach(() => openOne(dashboard as Dashboard));
    afterEach(closeOne);
  }
  afterAll(async () => {
    if (onePage) await closeOne();
    await dashboard.browser?.close();
    await dashboard.server?.stop();
  });
  return dashboard as Dashboard;
}
