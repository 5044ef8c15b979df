package com.paiml.duende.adapter.container.http;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Given answers that never come, when the clients go, then none of them is waited for any more. */
class AskedTest {
  private final Asked asked = new Asked();

  @Test
  void what_is_waited_for_is_broken_off_when_all_is_closed() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (Asked.Waiter _ = asked.await(answer)) {
      assertFalse(answer.isDone());
      asked.close();
      assertTrue(answer.isCompletedExceptionally());
    }
  }

  @Test
  void what_is_asked_for_later_is_broken_off_at_once() {
    asked.close();
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (Asked.Waiter _ = asked.await(answer)) {
      assertTrue(answer.isCompletedExceptionally());
    }
  }

  @Test
  void nothing_is_kept_of_what_was_answered() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (Asked.Waiter _ = asked.await(answer)) {
      assertFalse(answer.isDone());
    }
    asked.close();
    assertFalse(answer.isDone());
  }
}
