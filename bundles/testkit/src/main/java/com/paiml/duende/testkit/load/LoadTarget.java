package com.paiml.duende.testkit.load;

/** What is put under load. Called on many virtual threads at once. */
@FunctionalInterface
public interface LoadTarget {
  /**
   * Makes one request and waits for its answer.
   *
   * @throws Exception when it failed: it counts as an error, under the exception's message
   */
  void request() throws Exception;
}
