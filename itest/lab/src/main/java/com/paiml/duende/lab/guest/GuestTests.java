package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.opentest4j.TestAbortedException;

/**
 * Runs JUnit classes in a guest, as tests of the host's run:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> limits_of_cgroup_v2_hold() throws Exception {
 *   return GuestTests.of(guest, Duration.ofMinutes(5), LimitsInGuest.class);
 * }
 * }</pre>
 *
 * <p>Give such a class a name that the host's own run does not take ({@code …InGuest}), and the guest its class path
 * ({@link GuestSetup#ownClassPath()}).
 */
public final class GuestTests {
  private GuestTests() {}

  /**
   * Runs them, all in one Java virtual machine, with 192 MiB of heap.
   *
   * @throws IOException when they do not end in time, or none was run; with what they printed
   */
  public static Stream<DynamicTest> of(Guest guest, Duration most, Class<?>... classes)
      throws IOException, InterruptedException {
    return of(verdicts(guest, most, classes));
  }

  /** Verdicts as tests. */
  public static Stream<DynamicTest> of(List<Verdict> verdicts) {
    return verdicts.stream()
        .map(
            verdict ->
                DynamicTest.dynamicTest(
                    verdict.name(),
                    () -> {
                      switch (verdict.outcome()) {
                        case PASSED -> {}
                        case FAILED -> throw new AssertionError(verdict.detail());
                        case SKIPPED -> throw new TestAbortedException(verdict.detail());
                      }
                    }));
  }

  /** As {@link #of}, for who wants to look at them. */
  public static List<Verdict> verdicts(Guest guest, Duration most, Class<?>... classes)
      throws IOException, InterruptedException {
    return verdicts(guest, most, List.of(), words -> words, classes);
  }

  /**
   * As {@link #of}, for who wants to look at them, or to run them elsewhere in the guest.
   *
   * @param options further ones of the virtual machine; {@code -Dtest.only=REGEX} leaves out tests of other names
   * @param place makes the words that run Java the words that run it there
   */
  public static List<Verdict> verdicts(
      Guest guest,
      Duration most,
      List<String> options,
      UnaryOperator<List<String>> place,
      Class<?>... classes)
      throws IOException, InterruptedException {
    String[] names = Stream.of(classes).map(Class::getName).toArray(String[]::new);
    List<String> all = new ArrayList<>(List.of("-Xmx192m"));
    all.addAll(options);
    Command.Result result =
        guest.run(
            most,
            place.apply(guest.java(all, "com.paiml.duende.lab.guest.inside.VerdictMain", names)));
    List<Verdict> verdicts = new ArrayList<>();
    result.output().lines().filter(Verdict::is).map(Verdict::read).forEach(verdicts::add);
    if (!result.ok() || verdicts.isEmpty()) {
      throw new IOException(
          "the tests in the guest ended with " + result.status() + ":\n" + result.output());
    }
    return verdicts;
  }
}
