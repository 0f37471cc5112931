import { TextInput } from "@mantine/core";
import { useState } from "react";
import { type Json, numberOf } from "./form-node.ts";

interface ListInputProps {
  id?: string;
  label: string;
  description: string;
  required?: boolean;
  /** What it begins with. */
  items: readonly Json[];
  isNumber: boolean;
  error?: string;
  onChange(items: Json[]): void;
}

/** Several values with commas or blanks between them. */
export function ListInput({ items, isNumber, onChange, ...input }: ListInputProps) {
  const [text, setText] = useState(items.join(", "));
  return (
    <TextInput
      {...input}
      value={text}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        const parts = value
          .replace(/\s+%/g, "%")
          .split(/[,\s]+/)
          .filter((part) => part !== "");
        onChange(isNumber ? parts.map(numberOf) : parts);
      }}
    />
  );
}
