import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import { queryClient, whenSignedOut } from "./api/query-client.ts";
import { forgetSession, sessionQuery } from "./api/session.ts";
import { listSearch } from "./components/list-search.ts";
import { compareSearch } from "./pages/compare/compare-search.ts";
import { keySearch } from "./pages/keys/key-search.ts";
import { submitSearch } from "./pages/submit/submit-search.ts";
import { sweepView } from "./pages/sweeps/sweep-search.ts";
import { webhookSearch } from "./pages/webhooks/webhook-search.ts";
import { ErrorPage, WholeErrorPage } from "./shell/error-page.tsx";
import { lazyRouteComponent } from "./shell/lazy-route-component.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { Shell } from "./shell/shell.tsx";
import { SignInPage, signInSearch } from "./shell/sign-in-page.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: WholeErrorPage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  component: SignInPage,
});

/** Everything but the sign-in: with the navigation around it, and for those who are signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  errorComponent: WholeErrorPage,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session === null) throw redirect({ to: "/sign-in", search: { to: location.href } });
  },
});

const parent = { getParentRoute: () => signedIn };

/** A page: its address, and the module that is loaded when somebody opens it. */
const pages = [
  createRoute({
    ...parent,
    path: "/",
    component: lazyRouteComponent(() => import("./pages/overview/overview-page.tsx"), "OverviewPage"),
  }),
  createRoute({
    ...parent,
    path: "/jobs",
    validateSearch: listSearch,
    component: lazyRouteComponent(() => import("./pages/jobs/jobs-page.tsx"), "JobsPage"),
  }),
  createRoute({
    ...parent,
    path: "/jobs/$jobId",
    component: lazyRouteComponent(() => import("./pages/jobs/job-page.tsx"), "JobPage"),
  }),
  createRoute({
    ...parent,
    path: "/compressions",
    validateSearch: listSearch,
    component: lazyRouteComponent(() => import("./pages/compressions/compressions-page.tsx"), "CompressionsPage"),
  }),
  createRoute({
    ...parent,
    path: "/compressions/$compressionId",
    component: lazyRouteComponent(() => import("./pages/compressions/compression-page.tsx"), "CompressionPage"),
  }),
  createRoute({
    ...parent,
    path: "/sweeps",
    validateSearch: listSearch,
    component: lazyRouteComponent(() => import("./pages/sweeps/sweeps-page.tsx"), "SweepsPage"),
  }),
  createRoute({
    ...parent,
    path: "/sweeps/$sweepId",
    validateSearch: sweepView,
    component: lazyRouteComponent(() => import("./pages/sweeps/sweep-page.tsx"), "SweepPage"),
  }),
  createRoute({
    ...parent,
    path: "/datasets",
    validateSearch: listSearch,
    component: lazyRouteComponent(() => import("./pages/datasets/datasets-page.tsx"), "DatasetsPage"),
  }),
  createRoute({
    ...parent,
    path: "/datasets/$datasetId",
    component: lazyRouteComponent(() => import("./pages/datasets/dataset-page.tsx"), "DatasetPage"),
  }),
  createRoute({
    ...parent,
    path: "/models",
    validateSearch: listSearch,
    component: lazyRouteComponent(() => import("./pages/models/models-page.tsx"), "ModelsPage"),
  }),
  createRoute({
    ...parent,
    path: "/models/$modelId",
    component: lazyRouteComponent(() => import("./pages/models/model-page.tsx"), "ModelPage"),
  }),
  createRoute({
    ...parent,
    path: "/submit",
    validateSearch: submitSearch,
    component: lazyRouteComponent(() => import("./pages/submit/submit-page.tsx"), "SubmitPage"),
  }),
  createRoute({
    ...parent,
    path: "/compare",
    validateSearch: compareSearch,
    component: lazyRouteComponent(() => import("./pages/compare/compare-page.tsx"), "ComparePage"),
  }),
  createRoute({
    ...parent,
    path: "/webhooks",
    component: lazyRouteComponent(() => import("./pages/webhooks/webhooks-page.tsx"), "WebhooksPage"),
  }),
  createRoute({
    ...parent,
    path: "/webhooks/$webhookId",
    validateSearch: webhookSearch,
    component: lazyRouteComponent(() => import("./pages/webhooks/webhook-page.tsx"), "WebhookPage"),
  }),
  createRoute({
    ...parent,
    path: "/webhooks/$webhookId/messages/$messageId",
    component: lazyRouteComponent(() => import("./pages/webhooks/message-page.tsx"), "MessagePage"),
  }),
  createRoute({
    ...parent,
    path: "/keys",
    validateSearch: keySearch,
    component: lazyRouteComponent(() => import("./pages/keys/keys-page.tsx"), "KeysPage"),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([signIn, signedIn.addChildren(pages)]),
  defaultPreload: "intent",
  defaultErrorComponent: ErrorPage,
  defaultNotFoundComponent: NotFoundPage,
  scrollRestoration: false,
});

whenSignedOut(() => {
  const { pathname, href } = router.state.location;
  if (pathname === "/sign-in") return;
  forgetSession();
  void router.navigate({ to: "/sign-in", search: { to: href, ended: true } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
