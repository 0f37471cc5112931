import type { FieldError } from "@drc/contracts";
import { ConnectionError, ProblemError } from "@drc/sdk";
import { Alert, Anchor, Button, List } from "@mantine/core";
import type { ReactNode } from "react";
import { detailBeside } from "./problem-text.ts";

/** The fields of a form, by the JSON pointers of a refusal. */
export interface Fields {
  textOf(pointer: string): string;
  /** Puts the focus there. */
  leadTo(pointer: string): void;
}

interface ProblemBoxProps {
  title: string;
  detail: string;
  /** The fields or files that are wrong. */
  errors?: readonly FieldError[];
  /** Where they stand on this page. */
  fields?: Fields;
  children?: ReactNode;
}

/** What is wrong, each sentence once. */
export function ProblemBox({ title, detail, errors = [], fields, children }: ProblemBoxProps) {
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      {detailBeside({ title, detail, errors })}
      {errors.length > 0 && (
        <List size="sm">
          {errors.map(({ pointer, file, detail: why }) => (
            <List.Item key={`${pointer ?? file}: ${why}`}>
              {fields && pointer ? (
                <Anchor component="button" type="button" size="sm" ta="left" onClick={() => fields.leadTo(pointer)}>
                  {fields.textOf(pointer)}
                </Anchor>
              ) : (
                <code>{pointer ?? file}</code>
              )}{" "}
              {why}
            </List.Item>
          ))}
        </List>
      )}
      {children}
    </Alert>
  );
}

interface ProblemProps {
  error: unknown;
  fields?: Fields;
  /** Where it may pass, and nothing else asks again: a button for that. */
  tryAgain?(): void;
}

/** An error as the server words it: what is wrong, which fields, and what to look for in its log. */
export function Problem({ error, fields, tryAgain }: ProblemProps) {
  const again = tryAgain && (
    <Button variant="default" size="compact-sm" mt="xs" onClick={tryAgain}>
      Try again
    </Button>
  );
  if (error instanceof ProblemError) {
    const { title, detail, requestId } = error.problem;
    return (
      <ProblemBox title={title} detail={detail} errors={error.errors} fields={fields}>
        {error.status >= 500 && requestId !== undefined && <div>Request {requestId}</div>}
        {again}
      </ProblemBox>
    );
  }
  const title = error instanceof ConnectionError ? "The server does not answer" : "Something went wrong";
  return (
    <ProblemBox title={title} detail={error instanceof Error ? error.message : String(error)}>
      {again}
    </ProblemBox>
  );
}
