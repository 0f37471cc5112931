import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { Json } from "./form-node.ts";

interface SharesFieldProps {
  label: string;
  shares: readonly Json[];
  error?: string;
  onChange(shares: Json[]): void;
}

/** Several shares of a network's cost, between 0 and 1. */
export function SharesField({ label, shares, error, onChange }: SharesFieldProps) {
  const [text, setText] = useState(shares.join(", "));
  return (
    <TextInput
      label={label}
      description="Between 0 and 1, with commas between them"
      required
      value={text}
      error={error}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        const parts = value.split(/[,\s]+/).filter((part) => part !== "");
        onChange(parts.map((part) => (Number.isFinite(Number(part)) ? Number(part) : part)));
      }}
    />
  );
}
