package com.paiml.duende.observe.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.observe.command.TopState.Action;
import com.paiml.duende.observe.command.TopState.Line;
import com.paiml.duende.spi.UsageMonitor.Pressure;
import com.paiml.duende.spi.UsageMonitor.ProcessReading;
import com.paiml.duende.spi.UsageMonitor.Reading;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TopTest {
  private static final TopScreen.Head HEAD =
      new TopScreen.Head(
          3, Duration.ofMillis(500), List.of(new Pressure("cpu", 12, 0)), List.of(), "");
  private final TopState state = new TopState();
  private final TopScreen screen = new TopScreen(80, 24);

  private static Line line(String name, double cpu, long memory) {
    Reading r = new Reading(Instant.EPOCH, cpu, 0, memory, 1, 2, 3, 4, 5, 6, 7, 8);
    return new Line(name, "native", "running", r, List.of(0.0, cpu / 2, cpu));
  }

  private static final List<Line> THREE =
      List.of(line("alpha", 1, 300 << 20), line("beta", 90, 10 << 20), line("gamma", 50, 99 << 20));

  private List<String> names() {
    return state.arrange(THREE).stream().map(Line::name).toList();
  }

  private Action type(String keys) {
    Action last = Action.NONE;
    for (int i = 0; i < keys.length(); i++) {
      last = state.key(keys.charAt(i));
      state.arrange(THREE);
    }
    return last;
  }

  @Test
  void keys_sort() {
    assertEquals(List.of("beta", "gamma", "alpha"), names());
    type("m");
    assertEquals(List.of("alpha", "gamma", "beta"), names());
    type("n");
    assertEquals(List.of("alpha", "beta", "gamma"), names());
  }

  @Test
  void a_filter_is_typed_kept_and_dropped() {
    type("/MM\r");
    assertEquals(List.of("gamma"), names());
    type("/\u007f\u007fal");
    assertEquals(List.of("alpha"), names());
    type("\u001b");
    state.pause();
    assertEquals(3, names().size());
  }

  @Test
  void arrows_choose_and_a_kill_is_asked_about() {
    type("n\u001b[B");
    assertEquals("beta", state.selectedName());
    assertEquals(Action.NONE, type("k"));
    assertTrue(state.prompt().startsWith("kill beta"), state.prompt());
    assertEquals(Action.NONE, type("n"));
    assertEquals(Action.KILL, type("ky"));
    assertEquals(Action.RESTART, type("ry"));
    assertEquals("beta", state.selectedName());
  }

  @Test
  void the_choice_stays_inside_the_list() {
    type("n\u001b[A\u001b[A");
    assertEquals("alpha", state.selectedName());
    type("\u001b[B\u001b[B\u001b[B\u001b[B");
    assertEquals("gamma", state.selectedName());
  }

  @Test
  void q_and_the_interrupt_key_end_it() {
    assertEquals(Action.QUIT, state.key('q'));
    assertEquals(Action.QUIT, new TopState().key(3));
  }

  @Test
  void a_daemon_without_figures_has_a_line_and_takes_nothing_from_the_sums() {
    Reading none = new Reading(Instant.EPOCH, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    List<Line> two =
        List.of(new Line("object", "native", "running", none, List.of()), line("beta", 90, 1024));
    List<String> drawn = screen.list(HEAD, two, state);
    assertTrue(
        drawn.getFirst().contains("2 of 3 daemons active  cpu 90.0%  memory 1.0K"),
        drawn.toString());
    String row = drawn.stream().filter(l -> l.contains("object")).findFirst().orElseThrow();
    assertTrue(row.matches(". object +running +-( +-){6} *"), row);
    assertEquals(List.of("beta", "object"), state.arrange(two).stream().map(Line::name).toList());
  }

  @Test
  void it_fits_80_by_24() {
    List<Line> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(line("a-daemon-with-a-rather-long-name-" + i, i, 1L << 40));
    }
    for (List<String> drawn :
        List.of(
            screen.list(HEAD, many, state),
            screen.list(HEAD, List.of(), state),
            new TopScreen(40, 6).list(HEAD, many, state))) {
      assertTrue(drawn.size() <= 24);
      assertTrue(drawn.stream().allMatch(l -> l.length() <= 80), drawn.toString());
    }
    assertEquals(24, screen.list(HEAD, many, state).size());
  }

  @Test
  void the_chosen_one_is_on_the_screen_however_long_the_list_is() {
    List<Line> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(line("d" + i, i, 1));
    }
    state.arrange(many);
    for (int i = 0; i < 60; i++) {
      state.key(27);
      state.key('[');
      state.key('B');
      state.arrange(many);
    }
    assertTrue(
        screen.list(HEAD, many, state).stream()
            .anyMatch(l -> l.startsWith("> " + state.selectedName() + " ")));
  }

  @Test
  void inside_a_daemon_its_processes_are_a_tree_and_their_names_do_no_harm() {
    names();
    type("\r");
    assertTrue(state.isDetail());
    List<String> drawn =
        screen.detail(
            HEAD,
            THREE.get(1),
            List.of(
                new ProcessReading(10, 1, "main", 'S', 1, 2, 3, 4),
                new ProcessReading(11, 10, "bad\u001b[2J", 'R', 1, 2, 3, 4)),
            state);
    assertTrue(drawn.stream().anyMatch(l -> l.endsWith("   main") || l.endsWith(" main")));
    assertTrue(drawn.stream().anyMatch(l -> l.endsWith("  bad?[2J")), drawn.toString());
    type("\u001b");
    state.pause();
    assertFalse(state.isDetail());
  }

  @Test
  void help_is_shown_and_left_with_any_key() {
    type("?");
    assertTrue(
        screen.list(HEAD, THREE, state).stream().anyMatch(l -> l.contains("sort by memory")));
    type("x");
    assertFalse(state.isHelp());
  }
}
