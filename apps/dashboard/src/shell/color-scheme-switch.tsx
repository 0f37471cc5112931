import { type MantineColorScheme, NativeSelect, useMantineColorScheme } from "@mantine/core";

const SCHEMES: { value: MantineColorScheme; label: string }[] = [
  { value: "auto", label: "Colours: system" },
  { value: "light", label: "Colours: light" },
  { value: "dark", label: "Colours: dark" },
];

export function ColorSchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <NativeSelect
      size="xs"
      miw={144}
      aria-label="Colours"
      data={SCHEMES}
      value={colorScheme}
      onChange={(event) => setColorScheme(event.currentTarget.value as MantineColorScheme)}
    />
  );
}
