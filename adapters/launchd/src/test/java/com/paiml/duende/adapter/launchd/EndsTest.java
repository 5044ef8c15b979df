package com.paiml.duende.adapter.launchd;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EndsTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static long lookers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("duende-launchd-ends"))
        .count();
  }

  @Test
  void the_ends_of_many_are_seen_by_one_thread_that_goes_with_the_last() throws Exception {
    Ends ends = new Ends();
    List<Process> processes = new ArrayList<>();
    List<CompletableFuture<Void>> told = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        Process process = new ProcessBuilder("sleep", "600").start();
        processes.add(process);
        told.add(ends.of(Optional.of(process.toHandle())).toCompletableFuture());
      }
      Await.until("one looks", PATIENCE, () -> lookers() == 1);
      processes.getFirst().destroyForcibly();
      told.getFirst().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertFalse(told.getLast().isDone(), "it runs");
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
    for (CompletableFuture<Void> end : told) {
      end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    Await.until("nobody looks any more", PATIENCE, () -> lookers() == 0);
  }

  @Test
  void what_has_ended_is_told_at_once() {
    assertTrue(new Ends().of(Optional.empty()).toCompletableFuture().isDone());
  }
}
