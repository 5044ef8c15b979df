package com.paiml.duende.shell.call;

import com.paiml.duende.api.Durations;
import com.paiml.duende.api.Signal;
import com.paiml.duende.shell.call.Shape.Slot;
import java.lang.reflect.Array;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;

/** Words of a command line, sorted to the parameters of a method and turned into their types. */
final class Binding {
  private final Shape shape;
  private final CommandSession session;
  private final Map<Slot, String> given = new HashMap<>();
  private final List<String> words = new ArrayList<>();

  private Binding(Shape shape, CommandSession session) {
    this.shape = shape;
    this.session = session;
  }

  /** The arguments with which the method is to be invoked. */
  static @Nullable Object[] arguments(Shape shape, CommandSession session, List<String> line)
      throws UsageException {
    Binding binding = new Binding(shape, session);
    binding.sort(line);
    return binding.bind();
  }

  private void sort(List<String> line) throws UsageException {
    for (int i = 0; i < line.size(); i++) {
      String word = line.get(i);
      if (word.equals("--")) {
        words.addAll(line.subList(i + 1, line.size()));
        return;
      }
      if (!isOption(word) || isPassedOn(word)) {
        words.add(word);
      } else if (word.startsWith("--")) {
        i += takeLong(word, line, i);
      } else {
        i += takeShort(word, line, i);
      }
    }
  }

  /** A lone hyphen is standard input, and a negative number is a number where no option is called so. */
  private boolean isOption(String word) {
    return word.length() > 1
        && word.charAt(0) == '-'
        && (!Character.isDigit(word.charAt(1)) || find(word.substring(0, 2)).isPresent());
  }

  private boolean isPassedOn(String word) {
    return shape.passesOptions() && find(word.replaceFirst("=.*", "")).isEmpty();
  }

  private int takeLong(String word, List<String> line, int at) throws UsageException {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    Slot slot = known(name);
    if (!slot.takesValue()) {
      if (equals >= 0) {
        throw new UsageException(name + " takes no value");
      }
      given.put(slot, slot.present());
      return 0;
    }
    if (equals >= 0) {
      given.put(slot, word.substring(equals + 1));
      return 0;
    }
    return takeNext(slot, name, line, at);
  }

  /** {@code -f}, {@code -n 10}, {@code -n10}, {@code -fn10}; or an option with one hyphen and a longer name. */
  private int takeShort(String word, List<String> line, int at) throws UsageException {
    if (word.length() > 2 && find(word).isPresent()) {
      return takeLong(word, line, at);
    }
    for (int i = 1; i < word.length(); i++) {
      String name = "-" + word.charAt(i);
      Slot slot = known(name);
      if (!slot.takesValue()) {
        given.put(slot, slot.present());
      } else if (i + 1 < word.length()) {
        given.put(slot, word.substring(i + 1));
        return 0;
      } else {
        return takeNext(slot, name, line, at);
      }
    }
    return 0;
  }

  private int takeNext(Slot slot, String name, List<String> line, int at) throws UsageException {
    if (at + 1 >= line.size()) {
      throw new UsageException(name + " needs a value: " + name + " " + slot.metavariable());
    }
    given.put(slot, line.get(at + 1));
    return 1;
  }

  private Optional<Slot> find(String name) {
    return shape.options().stream().filter(s -> s.option().contains(name)).findFirst();
  }

  private Slot known(String name) throws UsageException {
    return find(name).orElseThrow(() -> new UsageException("unknown option " + name));
  }

  private @Nullable Object[] bind() throws UsageException {
    List<@Nullable Object> arguments = new ArrayList<>();
    if (shape.session()) {
      arguments.add(session);
    }
    int next = 0;
    for (Slot slot : shape.slots()) {
      if (slot.isOption()) {
        arguments.add(convert(slot, slot.type(), given.getOrDefault(slot, slot.absent())));
      } else if (slot.isRest()) {
        arguments.add(rest(slot, words.subList(Math.min(next, words.size()), words.size())));
        next = words.size();
      } else if (next < words.size()) {
        arguments.add(convert(slot, slot.type(), words.get(next++)));
      } else {
        throw new UsageException("missing " + slot.metavariable());
      }
    }
    if (next < words.size()) {
      throw new UsageException("unexpected argument " + words.get(next));
    }
    return arguments.toArray();
  }

  private Object rest(Slot slot, List<String> texts) throws UsageException {
    if (!slot.type().isArray()) {
      return List.copyOf(texts);
    }
    Class<?> type = slot.type().getComponentType();
    Object array = Array.newInstance(type, texts.size());
    for (int i = 0; i < texts.size(); i++) {
      Array.set(array, i, convert(slot, type, texts.get(i)));
    }
    return array;
  }

  private Object convert(Slot slot, Class<?> type, String text) throws UsageException {
    if (type == String.class || type == Object.class || type == CharSequence.class) {
      return text;
    }
    if (type == boolean.class || type == Boolean.class) {
      return Boolean.valueOf(text);
    }
    String kind;
    try {
      if (type == int.class || type == Integer.class) {
        return Integer.valueOf(text);
      }
      if (type == long.class || type == Long.class) {
        return Long.valueOf(text);
      }
      if (type == double.class || type == Double.class) {
        return Double.valueOf(text);
      }
      if (type == Duration.class) {
        return Durations.parse(text)
            .orElseThrow(() -> wrong(slot, text, "a duration such as 30s or 1m 30s"));
      }
      if (type == Signal.class) {
        return Signal.parse(text)
            .orElseThrow(
                () -> wrong(slot, text, "a signal: HUP INT QUIT KILL USR1 USR2 TERM CONT STOP"));
      }
      kind = type.getSimpleName();
      Object converted = session.convert(type, text);
      if (converted != null) {
        return converted;
      }
    } catch (NumberFormatException e) {
      throw new UsageException(wrong(slot, text, "a number").problem(), e);
    }
    throw wrong(slot, text, "a " + kind);
  }

  private static UsageException wrong(Slot slot, String text, String wanted) {
    String where = slot.isOption() ? slot.option().getLast() + ": " : "";
    return new UsageException(where + "'" + text + "' is not " + wanted);
  }
}
