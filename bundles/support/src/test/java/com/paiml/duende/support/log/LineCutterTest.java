package com.paiml.duende.support.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineCutterTest {
  private final LineCutter cutter = new LineCutter();

  private List<String> put(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, cutter.piece(), 0, bytes.length);
    cutter.filled(bytes.length);
    List<String> lines = new ArrayList<>();
    for (var line = cutter.next(); line.isPresent(); line = cutter.next()) {
      lines.add(line.get().text());
    }
    return lines;
  }

  @Test
  void lines_end_with_LF_or_CRLF_whatever_the_pieces() {
    assertEquals(List.of("one", "", "two"), put("one\n\ntwo\r\nthr"));
    assertTrue(cutter.hasRest());
    assertEquals(List.of("three"), put("ee\r\n"));
    assertFalse(cutter.hasRest());
  }

  @Test
  void a_line_that_is_too_long_comes_in_several() {
    String half = "x".repeat(LineCutter.LONGEST / 2);
    assertEquals(List.of(), put(half));
    assertEquals(List.of(half + half), put(half));
    assertEquals(List.of(), put("rest"));
    assertEquals("rest", cutter.rest().text());
  }

  @Test
  void what_is_forgotten_does_not_come_back() {
    assertEquals(List.of(), put("lost"));
    cutter.forgetRest();
    assertEquals(List.of("whole"), put("whole\n"));
  }
}
