package com.paiml.duende.falsification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The page that people read is a report of these claims, whole. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PublishedPageTest {
  private static final Path PAGE = Path.of("../../docs/falsification.md");
  private static final String REMEDY = "; publish it anew: ./duende falsify --publish";
  private static final Pattern COUNTS =
      Pattern.compile("(\\d+) hold, (\\d+) are refuted, (\\d+) were not run here");

  private String page;
  private final Map<String, List<String>> rows = new LinkedHashMap<>();

  @BeforeEach
  void read() throws Exception {
    assumeTrue(Files.exists(PAGE), "docs/falsification.md is not published yet");
    page = Files.readString(PAGE);
    page.lines()
        .filter(l -> l.matches("\\| F\\d{3} \\|.*"))
        .map(l -> Arrays.stream(l.split("(?<!\\\\)\\|", -1)).map(String::strip).toList())
        .forEach(
            cells ->
                assertEquals(
                    null, rows.put(cells.get(1), cells), () -> cells.get(1) + " is there twice"));
  }

  @Test
  void it_has_every_claim_once_in_order_and_in_our_words() {
    assertEquals(List.copyOf(Claim.all().keySet()), List.copyOf(rows.keySet()), REMEDY);
    Claim.all()
        .forEach((id, claim) -> assertEquals(claim.text(), rows.get(id).get(2), id + REMEDY));
  }

  @Test
  void every_claim_has_a_verdict_and_a_figure_or_a_reason() {
    rows.forEach(
        (id, cells) -> {
          assertTrue(
              Arrays.stream(Outcome.Verdict.values()).anyMatch(v -> v.words().equals(cells.get(3))),
              () -> id + ": " + cells.get(3));
          assertFalse(cells.get(4).isEmpty(), id);
          assertFalse(
              cells.get(4).contains("its test did not run"), () -> id + " was left out" + REMEDY);
          assertFalse(cells.get(4).contains("not asked for"), () -> id + " was left out" + REMEDY);
        });
  }

  @Test
  void its_sums_are_those_of_its_rows() {
    Map<Outcome.Verdict, Integer> counted = new EnumMap<>(Outcome.Verdict.class);
    for (Outcome.Verdict verdict : Outcome.Verdict.values()) {
      counted.put(
          verdict,
          (int) rows.values().stream().filter(c -> c.get(3).equals(verdict.words())).count());
    }
    Matcher sums = COUNTS.matcher(page);
    assertTrue(sums.find(), "there are no sums");
    assertEquals(
        List.of(
            counted.get(Outcome.Verdict.HOLDS),
            counted.get(Outcome.Verdict.REFUTED),
            counted.get(Outcome.Verdict.NOT_RUN)),
        List.of(
            Integer.valueOf(sums.group(1)),
            Integer.valueOf(sums.group(2)),
            Integer.valueOf(sums.group(3))));
  }

  @Test
  void it_says_on_which_machine_and_when() {
    assertTrue(
        Pattern.compile("^Machine: .+ cores, .+, Java \\d+\\.", Pattern.MULTILINE)
            .matcher(page)
            .find());
    assertTrue(page.contains("Time: 20"), "when");
    assertTrue(page.contains("Load: "), "beside which load");
  }
}
