package com.paiml.duende.manager.file;

import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.manager.file.toml.TomlValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Turns values of a file into values of a flat map, as their keys demand. */
final class Values {
  private static final Set<Signal> STOP_SIGNALS =
      Set.of(
          Signal.HUP, Signal.INT, Signal.QUIT, Signal.TERM, Signal.USR1, Signal.USR2, Signal.KILL);

  private Values() {}

  static Read read(Key key, TomlValue value) {
    return switch (key.type()) {
      case WHOLE -> whole(key, value);
      case NUMBER -> number(key, value);
      case TRUTH -> truth(key, value);
      case DURATION -> duration(key, value);
      case SIZE -> size(key, value);
      case UMASK -> umask(key, value);
      case EXITS -> exits(key, value);
      case WORD -> text(key, value, t -> word(key, t));
      case NAME -> text(key, value, Texts::name);
      case PATH -> text(key, value, Texts::path);
      case URL -> text(key, value, Texts::url);
      case ADDRESS -> text(key, value, Texts::address);
      case PATTERN -> text(key, value, Texts::pattern);
      case SIGNAL -> signal(key, value);
      case TEXT -> text(key, value, Texts::argument);
      case TEXTS, COMMAND -> texts(key, value, Texts::argument);
      case NAMES -> names(key, value);
      case PATHS -> texts(key, value, Texts::absolute);
      case ENVIRONMENT -> texts(key, value, Texts::variable);
      case CAPABILITIES -> texts(key, value, Texts::capability);
    };
  }

  private static Read kind(Key key, TomlValue value) {
    String remedy = "write " + key.name() + " = " + key.example();
    return Read.wrong("is " + value.kind() + ", not " + article(key.type()), remedy);
  }

  private static String article(Type type) {
    return switch (type) {
      case TRUTH -> type.title();
      case TEXT -> "text";
      case ENVIRONMENT, EXITS, CAPABILITIES, NAMES, PATHS, TEXTS, COMMAND -> "a " + type.title();
      case UMASK -> "text with an octal number";
      case NAME, PATH, URL, ADDRESS, PATTERN, SIGNAL, WORD -> "text";
      case WHOLE, NUMBER, DURATION, SIZE -> "a " + type.title();
    };
  }

  private static Read text(Key key, TomlValue value, Function<String, Optional<Problem>> check) {
    if (!(value instanceof TomlValue.Text text)) {
      return kind(key, value);
    }
    Optional<Problem> problem =
        Texts.printable(text.value())
            .or(() -> text.value().isEmpty() ? Optional.empty() : check.apply(text.value()));
    return new Read(text.value(), problem.stream().toList());
  }

  private static Read texts(Key key, TomlValue value, Function<String, Optional<Problem>> check) {
    if (!(value instanceof TomlValue.Sequence list)) {
      return kind(key, value);
    }
    List<String> texts = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (TomlValue element : list.elements()) {
      if (element instanceof TomlValue.Text text) {
        texts.add(text.value());
        Texts.printable(text.value())
            .or(() -> check.apply(text.value()))
            .ifPresent(p -> problems.add(new Problem(element.at(), p.problem(), p.remedy())));
      } else {
        problems.add(
            new Problem(
                element.at(), "holds " + element.kind() + ", not text", "write it in quotes"));
      }
    }
    return new Read(texts.toArray(String[]::new), problems);
  }

  private static Read names(Key key, TomlValue value) {
    Read read = texts(key, value, t -> t.isEmpty() ? Texts.noName(t) : Texts.name(t));
    if (read.isGood() && value instanceof TomlValue.Sequence list) {
      Set<String> seen = new HashSet<>();
      for (TomlValue element : list.elements()) {
        if (element instanceof TomlValue.Text text && !seen.add(text.value())) {
          return new Read(
              read.value(),
              List.of(
                  new Problem(element.at(), "names " + text.value() + " twice", "name it once")));
        }
      }
    }
    return read;
  }

  private static Optional<Problem> word(Key key, String text) {
    return key.words().contains(text) ? Optional.empty() : Optional.of(noWord(text, key.words()));
  }

  static Problem noWord(String text, List<String> words) {
    String choice =
        Spelling.nearest(text, words)
            .map(w -> "did you mean \"" + w + "\"?")
            .orElse("write one of " + String.join(", ", words));
    return new Problem("\"" + Texts.shorten(text) + "\" is not one of its words", choice);
  }

  private static Read signal(Key key, TomlValue value) {
    if (!(value instanceof TomlValue.Text text)) {
      return kind(key, value);
    }
    Optional<Signal> signal = Signal.parse(text.value());
    if (signal.isPresent() && STOP_SIGNALS.contains(signal.get())) {
      return Read.of(signal.get().name());
    }
    return Read.wrong(
        "\"" + Texts.shorten(text.value()) + "\" is not a signal that ends a daemon",
        "write HUP, INT, QUIT, TERM, USR1, USR2 or KILL");
  }

  private static Read whole(Key key, TomlValue value) {
    if (!(value instanceof TomlValue.Whole whole)) {
      return kind(key, value);
    }
    return bounded(key, whole.value(), (double) whole.value(), Values::plain);
  }

  private static Read number(Key key, TomlValue value) {
    double number;
    if (value instanceof TomlValue.Whole whole) {
      number = whole.value();
    } else if (value instanceof TomlValue.Real real) {
      number = real.value();
    } else {
      return kind(key, value);
    }
    if (!Double.isFinite(number)) {
      return Read.wrong("is " + number, "write a number such as " + key.example());
    }
    return bounded(key, number, number, Values::plain);
  }

  private static Read truth(Key key, TomlValue value) {
    return value instanceof TomlValue.Truth truth ? Read.of(truth.value()) : kind(key, value);
  }

  private static Read duration(Key key, TomlValue value) {
    if (value instanceof TomlValue.Whole whole) {
      return Read.wrong(
          "has no unit", "write " + key.name() + " = \"" + whole.value() + "s\" or another unit");
    }
    if (!(value instanceof TomlValue.Text text)) {
      return kind(key, value);
    }
    Optional<Duration> duration = Durations.parse(text.value());
    if (duration.isEmpty()) {
      return Read.wrong(
          "\"" + Texts.shorten(text.value()) + "\" is not a duration",
          "write whole numbers with units (ms, s, m, h, d), for example \"250ms\" or \"1m 30s\"");
    }
    double nanos = (double) TimeUnit.NANOSECONDS.convert(duration.get());
    return bounded(key, Durations.format(duration.get()), nanos, Values::asDuration);
  }

  private static Read size(Key key, TomlValue value) {
    long bytes;
    if (value instanceof TomlValue.Whole whole) {
      bytes = whole.value();
    } else if (value instanceof TomlValue.Text text) {
      OptionalLong size = Sizes.parse(text.value());
      if (size.isEmpty()) {
        return Read.wrong(
            "\"" + Texts.shorten(text.value()) + "\" is not a size",
            "write a whole number of bytes or one with KiB, MiB, GiB, TiB, for example \"512MiB\"");
      }
      bytes = size.getAsLong();
    } else {
      return kind(key, value);
    }
    return bounded(key, bytes, (double) bytes, Values::asSize);
  }

  private static Read umask(Key key, TomlValue value) {
    String digits;
    if (value instanceof TomlValue.Text text) {
      digits = text.value();
    } else if (value instanceof TomlValue.Whole whole && whole.value() >= 0) {
      digits = Long.toOctalString(whole.value());
    } else {
      return kind(key, value);
    }
    return digits.matches("0*[0-7]{1,3}")
        ? Read.of(digits)
        : Read.wrong(
            "\"" + Texts.shorten(digits) + "\" is not an octal number up to 0777",
            "write " + key.name() + " = \"027\"");
  }

  private static Read exits(Key key, TomlValue value) {
    if (!(value instanceof TomlValue.Sequence list)) {
      return kind(key, value);
    }
    List<String> texts = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (TomlValue element : list.elements()) {
      String text =
          switch (element) {
            case TomlValue.Whole w -> Long.toString(w.value());
            case TomlValue.Text t -> t.value();
            default -> element.kind();
          };
      ExitMatch.parse(text)
          .ifPresentOrElse(
              m -> texts.add(m.toString()),
              () ->
                  problems.add(
                      new Problem(
                          element.at(),
                          "\"" + Texts.shorten(text) + "\" is no exit code, range or signal",
                          "write codes 0 to 255, ranges such as \"64-78\", signals such as"
                              + " \"SIGABRT\"")));
    }
    return new Read(texts.toArray(String[]::new), problems);
  }

  private static Read bounded(
      Key key, Object value, double measure, Function<Double, String> writer) {
    if (measure >= key.min() && measure <= key.max()) {
      return Read.of(value);
    }
    boolean open = key.max() >= Long.MAX_VALUE;
    String range =
        open
            ? writer.apply(key.min()) + " or more"
            : writer.apply(key.min()) + " to " + writer.apply(key.max());
    return Read.wrong("is out of range", "write " + range);
  }

  private static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? Long.toString((long) number)
        : String.format(Locale.ROOT, "%s", number);
  }

  private static String asDuration(double nanos) {
    return Durations.format(Duration.ofNanos((long) nanos));
  }

  private static String asSize(double bytes) {
    return Sizes.format((long) bytes);
  }
}
