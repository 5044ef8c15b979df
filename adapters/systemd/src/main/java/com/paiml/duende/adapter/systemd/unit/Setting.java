package com.paiml.duende.adapter.systemd.unit;

import java.util.List;

/**
 * One setting of a unit, once for both ways: a property of D-Bus and a line of a unit file.
 *
 * @param name of the property, org.freedesktop.systemd1(5)
 * @param value with its type
 */
public record Setting(String name, Value value) {

  /** A value, with the type that the property has on the bus. */
  public sealed interface Value {}

  /** {@code s} */
  public record Text(String text) implements Value {}

  /** {@code b} */
  public record Flag(boolean on) implements Value {}

  /** {@code t}; {@link #INFINITY} is written as such. */
  public record Amount(long amount) implements Value {}

  /** {@code t}: microseconds. */
  public record Micros(long micros) implements Value {}

  /** {@code u}: a file mode. */
  public record Mode(int mode) implements Value {}

  /** {@code i}: a signal. */
  public record SignalNumber(int number) implements Value {}

  /** {@code i}: an error number. */
  public record ErrorNumber(int number) implements Value {}

  /** {@code u}: a count. */
  public record Count(int count) implements Value {}

  /** {@code as}: words. */
  public record Words(List<String> words) implements Value {
    public Words {
      words = List.copyOf(words);
    }
  }

  /** {@code as}: variables, NAME=VALUE. */
  public record Variables(List<String> variables) implements Value {
    public Variables {
      variables = List.copyOf(variables);
    }
  }

  /** {@code a(sasb)}: a program and its arguments, the first of which is its name. */
  public record Command(String path, List<String> argv) implements Value {
    public Command {
      argv = List.copyOf(argv);
    }
  }

  /** {@code (bas)}: a list of what is allowed, or of what is not. */
  public record Filter(boolean allow, List<String> names) implements Value {
    public Filter {
      names = List.copyOf(names);
    }
  }

  /** {@code t}: a set of capabilities by bit, and by name. */
  public record Capabilities(long bits, List<String> names) implements Value {
    public Capabilities {
      names = List.copyOf(names);
    }
  }

  /** {@code a(ssbt)}: paths that are bound where they are. */
  public record Binds(List<String> paths) implements Value {
    public Binds {
      paths = List.copyOf(paths);
    }
  }

  /** {@code a(ss)}: empty file systems, path and options. */
  public record Emptied(String path, String options) implements Value {}

  /** {@code a(st)}: bytes per second by device. */
  public record Rates(List<String> devices, long bytesPerSecond) implements Value {
    public Rates {
      devices = List.copyOf(devices);
    }
  }

  /** {@code (aiai)}: exit codes and signals that count as success. */
  public record Statuses(List<Integer> codes, List<Integer> signals) implements Value {
    public Statuses {
      codes = List.copyOf(codes);
      signals = List.copyOf(signals);
    }
  }

  /** {@code CGROUP_LIMIT_MAX}, {@code USEC_INFINITY}. */
  public static final long INFINITY = -1;
}
