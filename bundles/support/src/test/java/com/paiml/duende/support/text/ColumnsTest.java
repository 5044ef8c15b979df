package com.paiml.duende.support.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ColumnsTest {

  private static String filled(Columns columns) {
    columns.row("NAME", "STATE", "AGE");
    columns.row("web", 12, "1d");
    columns.row("a-long-name", "", "");
    columns.row("short");
    return columns.toString();
  }

  @Test
  void words_begin_at_the_left() {
    assertEquals(
        """
        NAME         STATE  AGE
        web          12     1d
        a-long-name
        short\
        """,
        filled(Columns.ofWords()));
  }

  @Test
  void figures_end_at_the_right() {
    assertEquals(
        """
        NAME         STATE  AGE
        web             12   1d
        a-long-name
        short\
        """,
        filled(Columns.ofFigures()));
  }

  @Test
  void without_rows_there_is_no_line() {
    assertEquals("", Columns.ofWords().toString());
  }
}
