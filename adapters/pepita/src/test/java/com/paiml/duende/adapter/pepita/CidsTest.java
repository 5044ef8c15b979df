package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Context ids are never in use twice, and are given again. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CidsTest {
  @TempDir Path folder;
  private final Set<String> alive = ConcurrentHashMap.newKeySet();

  private Cids cids() {
    return new Cids(folder, alive::contains);
  }

  @Test
  void they_begin_at_3_and_two_containers_never_give_the_same() throws Exception {
    alive.add("a");
    alive.add("b");
    Cids one = cids();
    Cids other = cids();
    Set<Long> given =
        IntStream.range(0, 40)
            .parallel()
            .mapToObj(
                i -> {
                  try {
                    return (i % 2 == 0 ? one : other).take(i % 2 == 0 ? "a" : "b");
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                })
            .collect(Collectors.toSet());
    assertEquals(IntStream.range(3, 43).mapToObj(i -> (long) i).collect(Collectors.toSet()), given);
  }

  @Test
  void what_was_given_back_or_was_a_dead_ones_is_given_again() throws Exception {
    alive.add("a");
    Cids cids = cids();
    assertEquals(3, cids.take("a"));
    assertEquals(4, cids.take("a"));
    cids.free(3, "somebody else");
    assertEquals(5, cids.take("a"), "what is another's is not given back");
    cids.free(3, "a");
    assertEquals(3, cids.take("a"));
    cids.foreign(6);
    assertEquals(7, cids.take("a"), "6 is a machine's of which no file tells");
    cids.hand(4, "dead");
    assertEquals(4, cids.take("a"));
  }
}
