package com.paiml.duende.manager.journal;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.FailureReason;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Exit and failure reasons as lists of texts: the name of the record, then its components in order. */
final class Reasons {
  private Reasons() {}

  static List<String> toTexts(Record reason) {
    List<String> texts = new ArrayList<>();
    texts.add(reason.getClass().getSimpleName());
    try {
      for (RecordComponent c : reason.getClass().getRecordComponents()) {
        texts.add(String.valueOf(c.getAccessor().invoke(reason)));
      }
    } catch (ReflectiveOperationException e) {
      // Records of the API are public: this cannot be.
      throw new IllegalStateException(e);
    }
    return texts;
  }

  /** An exit reason; one that this version does not know is {@link ExitReason.Unknown}. */
  static ExitReason exit(List<String> texts) {
    return decode(ExitReason.class, texts)
        .orElseGet(() -> new ExitReason.Unknown(String.join(" ", texts)));
  }

  /** A failure reason; one that this version does not know is {@link FailureReason.Internal}. */
  static FailureReason failure(List<String> texts) {
    return decode(FailureReason.class, texts)
        .orElseGet(() -> new FailureReason.Internal(String.join(" ", texts)));
  }

  private static <T> Optional<T> decode(Class<T> family, List<String> texts) {
    if (texts.isEmpty()) {
      return Optional.empty();
    }
    for (Class<?> type : family.getPermittedSubclasses()) {
      if (type.getSimpleName().equals(texts.getFirst())) {
        return make(family, type, texts.subList(1, texts.size()));
      }
    }
    return Optional.empty();
  }

  private static <T> Optional<T> make(Class<T> family, Class<?> type, List<String> values) {
    RecordComponent[] components = type.getRecordComponents();
    if (components.length != values.size()) {
      return Optional.empty();
    }
    Class<?>[] types = new Class<?>[components.length];
    Object[] arguments = new Object[components.length];
    try {
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        String text = values.get(i);
        arguments[i] =
            switch (types[i].getSimpleName()) {
              case "int" -> Integer.valueOf(text);
              case "boolean" -> Boolean.valueOf(text);
              case "Duration" -> Duration.parse(text);
              default -> text;
            };
      }
      return Optional.of(family.cast(type.getDeclaredConstructor(types).newInstance(arguments)));
    } catch (ReflectiveOperationException
        | IllegalArgumentException
        | java.time.DateTimeException e) {
      return Optional.empty();
    }
  }
}
