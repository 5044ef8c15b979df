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

  /** Written out, as each run's end is recorded several times between its death and the next start. */
  static List<String> toTexts(ExitReason reason) {
    return switch (reason) {
      case ExitReason.Graceful() -> texts(reason);
      case ExitReason.Failure(int code, String message) -> texts(reason, code, message);
      case ExitReason.Signalled(int signal, boolean core) -> texts(reason, signal, core);
      case ExitReason.ResourceExhausted(String resource, String detail) ->
          texts(reason, resource, detail);
      case ExitReason.PolicyViolation(String policy, String detail) ->
          texts(reason, policy, detail);
      case ExitReason.WatchdogTimeout(Duration interval) -> texts(reason, interval);
      case ExitReason.HealthCheckFailed(String detail) -> texts(reason, detail);
      case ExitReason.ReadinessTimeout(Duration timeout) -> texts(reason, timeout);
      case ExitReason.StartLimitHit(String detail) -> texts(reason, detail);
      case ExitReason.Abandoned(Duration waited) -> texts(reason, waited);
      case ExitReason.Lost(String why) -> texts(reason, why);
      case ExitReason.HostLost(String host) -> texts(reason, host);
      case ExitReason.Unknown(String detail) -> texts(reason, detail);
    };
  }

  static List<String> toTexts(FailureReason reason) {
    return switch (reason) {
      case FailureReason.SignalDeath(int signal) -> texts(reason, signal);
      case FailureReason.ExitCode(int code) -> texts(reason, code);
      case FailureReason.ResourceExhausted(String resource) -> texts(reason, resource);
      case FailureReason.PolicyViolation(String detail) -> texts(reason, detail);
      case FailureReason.HealthCheckTimeout(String detail) -> texts(reason, detail);
      case FailureReason.NotReady(Duration timeout) -> texts(reason, timeout);
      case FailureReason.StartLimit(String detail) -> texts(reason, detail);
      case FailureReason.DependencyFailed(String dependency) -> texts(reason, dependency);
      case FailureReason.Lost(String why) -> texts(reason, why);
      case FailureReason.Internal(String detail) -> texts(reason, detail);
    };
  }

  private static List<String> texts(Object reason, Object... components) {
    List<String> texts = new ArrayList<>(components.length + 1);
    texts.add(reason.getClass().getSimpleName());
    for (Object component : components) {
      texts.add(String.valueOf(component));
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
