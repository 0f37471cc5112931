import { createTheme } from "@mantine/core";

const SYSTEM = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";

/** Dense and calm: small text, small corners, one colour beside the greys. */
export const theme = createTheme({
  primaryColor: "blue",
  // The default shade has too little contrast with white.
  primaryShade: 8,
  autoContrast: true,
  fontFamily: SYSTEM,
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  headings: {
    fontFamily: SYSTEM,
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "0.9375rem" }, h3: { fontSize: "0.9375rem" } },
  },
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // A link in a text is told by more than its colour.
    Anchor: { defaultProps: { underline: "always" } },
  },
});
