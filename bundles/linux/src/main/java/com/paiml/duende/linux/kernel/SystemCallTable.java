package com.paiml.duende.linux.kernel;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Names and numbers of the system calls of one architecture.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/syscalls.2.html">syscalls(2)</a>
 */
public final class SystemCallTable {
  private final Architecture architecture;
  private final Map<String, Integer> numbers;
  private final Map<Integer, String> names;
  private final Set<String> elsewhere;

  /**
   * @param numbers number by name
   * @param elsewhere names that only other architectures have
   */
  public SystemCallTable(
      Architecture architecture, Map<String, Integer> numbers, Set<String> elsewhere) {
    this.architecture = architecture;
    this.numbers = Map.copyOf(numbers);
    this.elsewhere = Set.copyOf(elsewhere);
    Map<Integer, String> byNumber = new TreeMap<>();
    numbers.forEach((name, number) -> byNumber.put(number, name));
    this.names = Map.copyOf(byNumber);
  }

  /** Whose numbers these are. */
  public Architecture architecture() {
    return architecture;
  }

  /** The number of a call, empty when this architecture has none of that name. */
  public OptionalInt number(String name) {
    Integer number = numbers.get(name);
    return number == null ? OptionalInt.empty() : OptionalInt.of(number);
  }

  /** The name for a number, empty for one that is newer than this table. */
  public Optional<String> name(int number) {
    return Optional.ofNullable(names.get(number));
  }

  /** Whether there is a call of that name on any architecture that is known here. */
  public boolean isKnown(String name) {
    return numbers.containsKey(name) || elsewhere.contains(name);
  }

  /** All names of this architecture, sorted. */
  public Set<String> names() {
    return new TreeSet<>(numbers.keySet());
  }
}
