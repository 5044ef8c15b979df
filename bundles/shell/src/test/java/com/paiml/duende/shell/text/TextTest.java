package com.paiml.duende.shell.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table.Cell;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextTest {
  private enum Word {
    NOT_YET
  }

  @ParameterizedTest
  @CsvSource({
    "web, 3",
    "日本語, 6",
    "한글, 4",
    "ﾊﾝｶｸ, 4",
    "café, 4",
    "cafe\u0301, 4",
    "✅, 2",
    "🚀, 2",
    "→, 1",
    "'', 0"
  })
  void givenATextWhenItIsMeasuredThenItsColumnsAreThoseOfATerminal(String text, int columns) {
    assertEquals(columns, Width.of(text));
  }

  @Test
  void givenATextThatIsTooLongWhenItIsFittedThenItEndsWithAnEllipsisWithinTheColumns() {
    assertEquals("web", Width.fit("web", 3));
    assertEquals("we…", Width.fit("webs", 3));
    assertEquals("日…", Width.fit("日本語", 4));
    assertEquals("日…", Width.fit("日本語", 3));
    assertEquals("", Width.fit("web", 0));
  }

  @Test
  void givenControlCharactersWhenATextIsShownThenTheyCannotSteerTheTerminal() {
    assertEquals("a\ufffd[2Jb c\ufffd", Width.printable("a\u001b[2Jb\tc\u0007"));
  }

  @Test
  void givenWideAndNarrowCellsWhenATableIsShownThenItsColumnsLineUp() {
    Table table =
        new Table("NAME", "PID", "NOTE")
            .row(Cell.of("web"), Cell.number(7), Cell.of("x"))
            .row(Cell.of("日本語"), Cell.number(12345), Cell.of(""))
            .row(Cell.of("e\u0301"), Cell.number(1), Cell.of("y"));

    assertEquals(
        """
        NAME      PID  NOTE
        web         7  x
        日本語  12345
        e\u0301           1  y
        """,
        table.text(Style.PLAIN));
  }

  @Test
  void givenANarrowTerminalWhenATableIsShownThenItsLastColumnGivesWay() {
    String text =
        new Table("NAME", "ACTIVITY")
            .row(Cell.of("web"), Cell.of("waits for the database to answer"))
            .text(new Style(false, 20));
    text.lines().forEach(line -> assertTrue(Width.of(line) <= 20, line));
    assertTrue(text.contains("waits for the…") || text.contains("waits for th…"), text);
  }

  @Test
  void givenColoursWhenATableIsShownThenTheyDoNotDisturbItsColumns() {
    Table table =
        new Table("A", "B")
            .row(Cell.of("x", Tone.GOOD), Cell.of("y"))
            .row(Cell.of("long"), Cell.of("z"));
    String plain = table.text(Style.PLAIN);
    String coloured = table.text(new Style(true, 0));
    assertTrue(coloured.contains("\u001b[32mx\u001b[0m"), coloured);
    assertEquals(plain, coloured.replaceAll("\u001b\\[[0-9;]*m", ""));
  }

  @Test
  void givenASheetWhenItIsShownThenEmptyLinesAreLeftOutAndBlocksAreIndented() {
    assertEquals(
        """
        web  static files
          state  running
          limits
            KEY
            memory
        """,
        new Sheet()
            .title("web", "static files")
            .line("state", "running")
            .line("user", "")
            .block("limits", new Table("KEY").row(Cell.of("memory")))
            .text(Style.PLAIN));
  }

  @Test
  void givenValuesOfEveryTypeWhenTheyAreWrittenThenTheyAreJson() {
    assertEquals(
        """
        {
          "text": "a\\"b\\\\c\\n\\u0007é\\ud800",
          "number": 5,
          "half": 0.5,
          "whole": 3,
          "nan": null,
          "none": null,
          "some": "x",
          "pid": 7,
          "time": "2026-11-22T08:00:00Z",
          "took": 1.5,
          "word": "not-yet",
          "list": [
            true,
            {}
          ],
          "empty": []
        }\
        """,
        Json.object()
            .put("text", "a\"b\\c\n\u0007é\ud800")
            .put("number", 5)
            .put("half", 0.5)
            .put("whole", 3.0)
            .put("nan", Double.NaN)
            .put("none", Optional.empty())
            .put("some", Optional.of("x"))
            .put("pid", OptionalLong.of(7))
            .put("time", Instant.parse("2026-11-22T08:00:00Z"))
            .put("took", Duration.ofMillis(1500))
            .put("word", Word.NOT_YET)
            .put("list", List.of(true, Json.object()))
            .put("empty", List.of())
            .toString());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0ms",
    "840, 840ms",
    "1500, 1.5s",
    "59000, 59s",
    "61000, 1m 1s",
    "3700000, 1h 1m",
    "90000000, 1d 1h"
  })
  void givenADurationWhenItIsShownThenItHasTwoUnitsAtMost(long millis, String text) {
    assertEquals(text, Human.duration(Duration.ofMillis(millis)));
  }

  @ParameterizedTest
  @CsvSource({
    "-1, ?",
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1048575, 1.0 MiB",
    "13107200, 12.5 MiB"
  })
  void givenBytesWhenTheyAreShownThenInBinaryUnits(long bytes, String text) {
    assertEquals(text, Human.bytes(bytes));
  }
}
