package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "k=v",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "fw529a3039@dt=FfAAAAA, k=v",
        "1a-2f@foo=bar1",
        "k=v,,k2=v2",
        "a/b*c=value with spaces"
      })
  void a_valid_state_is_kept_as_it_came(String state) {
    TraceContext t = TraceContext.parse("00-" + TRACE + "-" + SPAN + "-01", state).orElseThrow();
    assertEquals(state, t.state());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"k", "=v", "K=v", "k=v=w", "k=v,k=w", "k=v\r\nX-Injected: 1", "k=\u00e9", "-k=v"})
  void a_state_that_is_not_valid_is_left_out_and_the_trace_goes_on(String state) {
    TraceContext t = TraceContext.parse("00-" + TRACE + "-" + SPAN + "-01", state).orElseThrow();
    assertEquals("", t.state());
    assertEquals(TRACE, t.traceId());
  }

  @Test
  void a_state_has_at_most_32_members_and_long_ones_at_most_256_characters() {
    String full =
        IntStream.range(0, 32).mapToObj(i -> "k" + i + "=v").collect(Collectors.joining(","));
    String parent = "00-" + TRACE + "-" + SPAN + "-01";
    assertEquals(full, TraceContext.parse(parent, full).orElseThrow().state());
    assertEquals("", TraceContext.parse(parent, full + ",more=v").orElseThrow().state());
    String longest = "k".repeat(256) + "=" + "v".repeat(256);
    assertEquals(longest, TraceContext.parse(parent, longest).orElseThrow().state());
    assertEquals("", TraceContext.parse(parent, longest + "v").orElseThrow().state());
    assertEquals("", TraceContext.parse(parent, "k" + longest).orElseThrow().state());
  }

  @Test
  void what_is_put_into_headers_is_found_there() {
    TraceContext sent = new TraceContext(TRACE, SPAN, 1, "k=v");
    Map<String, List<String>> headers = new HashMap<>();
    sent.inject((name, value) -> headers.put(name, List.of(value)));
    assertEquals(Optional.of(sent), TraceContext.extract(headers::get));
    assertEquals(Optional.empty(), TraceContext.extract(name -> null));
  }

  @Test
  void two_parents_are_none_and_states_in_several_headers_are_one_list() {
    String parent = "00-" + TRACE + "-" + SPAN + "-01";
    Map<String, List<String>> headers = new HashMap<>();
    headers.put("traceparent", List.of(parent));
    headers.put("tracestate", List.of("a=1", "b=2"));
    assertEquals("a=1,b=2", TraceContext.extract(headers::get).orElseThrow().state());
    headers.put("traceparent", List.of(parent, parent));
    assertEquals(Optional.empty(), TraceContext.extract(headers::get));
  }
}
