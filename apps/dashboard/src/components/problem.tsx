import { ConnectionError, ProblemError } from "@drc/sdk";
import { Alert, List } from "@mantine/core";

/** An error as the server words it: what is wrong, which fields, and what to look for in its log. */
export function Problem({ error }: { error: unknown }) {
  if (error instanceof ProblemError) {
    const { title, detail, requestId } = error.problem;
    return (
      <Alert color="red" variant="outline" title={title} role="alert">
        {detail}
        {error.errors.length > 0 && (
          <List size="sm" mt="xs">
            {error.errors.map(({ pointer, file, detail: why }) => (
              <List.Item key={`${pointer ?? file}: ${why}`}>
                <code>{pointer ?? file}</code> {why}
              </List.Item>
            ))}
          </List>
        )}
        {error.status >= 500 && requestId !== undefined && <div>Request {requestId}</div>}
      </Alert>
    );
  }
  const title = error instanceof ConnectionError ? "The server does not answer" : "Something went wrong";
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      {detail}
    </Alert>
  );
}
