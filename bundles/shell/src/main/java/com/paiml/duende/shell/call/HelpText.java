package com.paiml.duende.shell.call;

import com.paiml.duende.shell.call.Shape.Slot;
import com.paiml.duende.shell.text.Width;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The help of a command, made from its annotations: the first sentence of its descriptor says what it does, the rest what
 * else is to be known.
 */
public final class HelpText {
  private static final int COLUMNS = 88;

  private HelpText() {}

  /** The methods by which a service serves a function: of that name, or of that name after an underscore. */
  static List<Method> methods(Class<?> type, String function) {
    List<Method> found = new ArrayList<>();
    for (Method method : type.getMethods()) {
      String name = method.getName();
      if (!method.isBridge() && (name.equals(function) || name.equals("_" + function))) {
        found.add(method);
      }
    }
    found.sort(Comparator.comparingInt(Method::getParameterCount));
    return found;
  }

  /** One line. */
  static String summary(Class<?> type, String function) {
    return methods(type, function).stream()
        .map(m -> firstSentence(Shape.of(m).description()))
        .filter(s -> !s.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** What {@code --help} shows. */
  public static String of(Class<?> type, String program, String function) {
    StringBuilder out = new StringBuilder();
    for (Method method : methods(type, function)) {
      Shape shape = Shape.of(method);
      String summary = firstSentence(shape.description());
      out.append(out.isEmpty() ? "" : "\n");
      out.append(program).append(' ').append(function);
      out.append(summary.isEmpty() ? "" : " - " + lowerFirst(summary)).append('\n');
      out.append("usage: ").append(program).append(' ').append(function);
      out.append(shape.usage()).append('\n');
      String more = shape.description().substring(sentenceEnd(shape.description())).strip();
      if (!more.isEmpty()) {
        out.append('\n');
        wrap(out, more, 0, 0);
      }
      slots(out, shape);
    }
    return out.toString();
  }

  private static void slots(StringBuilder out, Shape shape) {
    List<String> heads = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    List<Slot> words = shape.positional();
    for (int i = 0; i < words.size(); i++) {
      if (!Shape.goesOn(words, i)) {
        boolean many = words.get(i).isRest() || Shape.goesOn(words, i + 1);
        heads.add(words.get(i).metavariable() + (many ? "..." : ""));
        texts.add(words.get(i).description());
      }
    }
    for (Slot option : shape.options()) {
      heads.add(
          String.join(", ", option.option())
              + (option.takesValue() ? " " + option.metavariable() : ""));
      boolean tell = option.takesValue() && !option.absent().isEmpty();
      texts.add(option.description() + (tell ? " (default " + option.absent() + ")" : ""));
    }
    int width = heads.stream().mapToInt(Width::of).max().orElse(0);
    for (int i = 0; i < heads.size(); i++) {
      out.append(i == 0 ? "\n  " : "  ").append(heads.get(i));
      out.repeat(' ', width - Width.of(heads.get(i)) + 2);
      wrap(out, texts.get(i), width + 4, width + 4);
    }
  }

  private static void wrap(StringBuilder out, String text, int column, int indent) {
    int at = column;
    for (String word : text.split(" ")) {
      if (at > indent && at + 1 + Width.of(word) > COLUMNS) {
        out.append('\n').repeat(' ', indent);
        at = indent;
      }
      if (at > indent) {
        out.append(' ');
        at++;
      }
      out.append(word);
      at += Width.of(word);
    }
    out.append('\n');
  }

  private static String firstSentence(String text) {
    String sentence = text.substring(0, sentenceEnd(text)).strip();
    return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
  }

  private static int sentenceEnd(String text) {
    int end = text.indexOf(". ");
    return end < 0 ? text.length() : end + 1;
  }

  private static String lowerFirst(String text) {
    boolean name = text.length() > 1 && Character.isUpperCase(text.charAt(1));
    return name ? text : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }
}
