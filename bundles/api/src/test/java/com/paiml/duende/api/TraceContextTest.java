package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cases of W3C Trace Context, level 1 and 2, section "traceparent header". */
class TraceContextTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00-" + TRACE + "-" + SPAN + "-01",
        "00-" + TRACE + "-" + SPAN + "-00",
        "00-" + TRACE + "-" + SPAN + "-03",
        "cc-" + TRACE + "-" + SPAN + "-01",
        "cc-" + TRACE + "-" + SPAN + "-01-what-the-future-will-be-like"
      })
  void a_valid_header_is_read(String header) {
    TraceContext t = TraceContext.parse(header, "k=v").orElseThrow();
    assertEquals(TRACE, t.traceId());
    assertEquals(SPAN, t.spanId());
    assertEquals(Integer.parseInt(header.substring(53, 55), 16), t.flags());
    assertEquals("k=v", t.state());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-" + TRACE + "-" + SPAN,
        "00-" + TRACE + "-" + SPAN + "-",
        "00-" + TRACE + "-" + SPAN + "-1",
        "00-" + TRACE + "-" + SPAN + "-0x",
        "00-" + TRACE + "-" + SPAN + "-01-",
        "00-" + TRACE + "-" + SPAN + "-01.",
        "00-" + TRACE + "-" + SPAN + "-01-extra",
        "cc-" + TRACE + "-" + SPAN + "-01.what",
        "ff-" + TRACE + "-" + SPAN + "-01",
        "0x-" + TRACE + "-" + SPAN + "-01",
        "00-00000000000000000000000000000000-" + SPAN + "-01",
        "00-" + TRACE + "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + SPAN + "-01",
        "00-" + TRACE + "-00F067AA0BA902B7-01",
        "00_" + TRACE + "_" + SPAN + "_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" + SPAN + "-001",
        " 00-" + TRACE + "-" + SPAN + "-01",
        "00-" + TRACE + "-" + SPAN + "-01 "
      })
  void an_invalid_header_is_refused(String header) {
    assertEquals(Optional.empty(), TraceContext.parse(header, ""));
  }

  @Test
  void of_a_later_version_only_known_flags_are_kept() {
    assertEquals(
        3, TraceContext.parse("cc-" + TRACE + "-" + SPAN + "-ff", "").orElseThrow().flags());
  }

  @Test
  void what_is_written_follows_the_grammar_and_is_read_back() {
    for (int i = 0; i < 1000; i++) {
      TraceContext root = TraceContext.newRoot();
      String header = root.toTraceparent();
      assertTrue(header.matches("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"), header);
      assertEquals(Optional.of(root), TraceContext.parse(header, ""));
    }
  }

  @Test
  void a_child_keeps_the_trace_and_has_a_span_of_its_own() {
    TraceContext root = TraceContext.newRoot();
    TraceContext child = root.child();
    assertEquals(root.traceId(), child.traceId());
    assertNotEquals(root.spanId(), child.spanId());
  }
}
