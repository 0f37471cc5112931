import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/** Headers that keep browsers strict, on every answer. A page of this server loads from this server alone. */
export async function registerSecurityHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
      },
    },
    frameguard: { action: "deny" },
    // This server speaks plain HTTP; what ends TLS before it decides on the whole host.
    strictTransportSecurity: false,
  });
}
