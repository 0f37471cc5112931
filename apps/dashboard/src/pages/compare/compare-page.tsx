import { Button } from "@mantine/core";
import { Link, useSearch } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { CompareForm } from "./compare-form.tsx";
import { Comparison } from "./comparison.tsx";
import "../../components/thumbnails.css";
import "./compare.css";

export function ComparePage() {
  const search = useSearch({ from: "/signed-in/compare" });
  const { original, compressed, bicubic, image } = search;
  const isChosen = [original, compressed, bicubic].some((job) => job !== undefined);
  return (
    <Page
      title="Compare"
      actions={
        isChosen && (
          <Button variant="default" renderRoot={(props) => <Link to="/compare" search={{}} {...props} />}>
            New comparison
          </Button>
        )
      }
    >
      {isChosen ? (
        <Comparison jobs={{ original, compressed, bicubic }} image={image} />
      ) : (
        <CompareForm key={JSON.stringify(search)} search={search} />
      )}
    </Page>
  );
}
