package com.paiml.duende.shell.call;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;

/**
 * How a command is called, read from its method: parameters with {@link Parameter} are options, the others are positional,
 * a last array takes what is left. An array called {@code more} after a parameter goes on with that one.
 *
 * @param method the method
 * @param session whether it wants the session first
 * @param slots its other parameters
 */
record Shape(Method method, boolean session, List<Slot> slots) {

  /**
   * @param name of the parameter
   * @param type of the parameter
   * @param option its names where it is an option; empty for a positional one
   * @param present the value of an option that takes none; empty when it takes one
   * @param absent the value when an option is not given
   * @param description for people
   */
  record Slot(
      String name,
      Class<?> type,
      List<String> option,
      String present,
      String absent,
      String description) {

    boolean isOption() {
      return !option.isEmpty();
    }

    boolean takesValue() {
      return present.isEmpty();
    }

    boolean isRest() {
      return !isOption() && (type.isArray() || type == List.class);
    }

    /** The word that stands for a value in help texts. */
    String metavariable() {
      if (type == Duration.class) {
        return "DURATION";
      }
      if (isOption() && (type == int.class || type == long.class)) {
        return "N";
      }
      return name.toUpperCase(Locale.ROOT).replace('_', '-');
    }
  }

  static Shape of(Method method) {
    java.lang.reflect.Parameter[] parameters = method.getParameters();
    boolean session = parameters.length > 0 && parameters[0].getType() == CommandSession.class;
    List<Slot> slots = new ArrayList<>();
    for (int i = session ? 1 : 0; i < parameters.length; i++) {
      Descriptor text = parameters[i].getAnnotation(Descriptor.class);
      Parameter option = parameters[i].getAnnotation(Parameter.class);
      slots.add(
          new Slot(
              parameters[i].getName(),
              parameters[i].getType(),
              option == null ? List.of() : List.of(option.names()),
              option == null || option.presentValue().equals(Parameter.UNSPECIFIED)
                  ? ""
                  : option.presentValue(),
              option == null ? "" : option.absentValue(),
              text == null ? "" : text.value()));
    }
    return new Shape(method, session, List.copyOf(slots));
  }

  List<Slot> options() {
    return slots.stream().filter(Slot::isOption).toList();
  }

  List<Slot> positional() {
    return slots.stream().filter(s -> !s.isOption()).toList();
  }

  String description() {
    Descriptor text = method.getAnnotation(Descriptor.class);
    return text == null ? "" : text.value();
  }

  /** {@code [OPTIONS] NAME [MORE...]}. */
  String usage() {
    StringBuilder out = new StringBuilder(options().isEmpty() ? "" : " [OPTIONS]");
    List<Slot> words = positional();
    for (int i = 0; i < words.size(); i++) {
      Slot word = words.get(i);
      if (goesOn(words, i + 1)) {
        out.append(' ').append(word.metavariable()).append("...");
        i++;
      } else if (word.isRest()) {
        out.append(" [").append(word.metavariable()).append("...]");
      } else {
        out.append(' ').append(word.metavariable());
      }
    }
    return out.toString();
  }

  /** Whether the rest, called so, is options that whoever is called knows: then those that the command does not know are words. */
  boolean passesOptions() {
    return !slots.isEmpty() && slots.getLast().isRest() && slots.getLast().name().equals("options");
  }

  /** Whether the positional parameter there goes on with the one before it. */
  static boolean goesOn(List<Slot> words, int i) {
    return i > 0 && i < words.size() && words.get(i).isRest() && words.get(i).name().equals("more");
  }
}
