package com.paiml.duende.shell.call;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The help of every command of this bundle says what a reader needs. */
class CommandHelpTest {
  private static final Path CLASSES = Path.of("target/classes");
  private static final Path OWN = Path.of("../../distro/client/src/main/help/own.txt");

  @Test
  void everyCommandSaysWhatItDoesInAShortLineAndWhatItsParametersAre() throws Exception {
    Map<String, String> texts = texts();
    assertTrue(texts.size() > 20, texts.keySet()::toString);
    texts.forEach(
        (name, text) -> {
          List<String> lines = text.lines().toList();
          String head = lines.get(1);
          assertTrue(head.matches("\\S+ \\S+ - .+[^.]"), head);
          assertTrue(head.length() < 100, head);
          assertTrue(lines.get(2).startsWith("usage: " + name), lines.get(2));
          assertFalse(text.contains("arg0"), text);
        });
  }

  /** Of the classes of this module, which are not a bundle yet, and of the client. */
  private static Map<String, String> texts() throws Exception {
    Map<String, String> texts = new TreeMap<>(CommandIndex.texts(List.of(OWN)));
    try (Stream<Path> files = Files.walk(CLASSES)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        ClassModel model = ClassFile.of().parse(file);
        for (Annotation a :
            model
                .findAttribute(Attributes.runtimeInvisibleAnnotations())
                .map(found -> found.annotations())
                .orElse(List.of())) {
          if (a.className().stringValue().endsWith("/GogoCommand;")) {
            Map<String, List<String>> values = new TreeMap<>();
            a.elements().forEach(e -> values.put(e.name().stringValue(), values(e.value())));
            Class<?> type = Class.forName(model.thisClass().asInternalName().replace('/', '.'));
            String scope = values.get("scope").getFirst();
            for (String function : values.get("function")) {
              texts.put(scope + " " + function, CommandIndex.entry(type, scope, function));
            }
          }
        }
      }
    }
    return texts;
  }

  private static List<String> values(AnnotationValue value) {
    return value instanceof AnnotationValue.OfArray array
        ? array.values().stream().flatMap(v -> values(v).stream()).toList()
        : List.of(((AnnotationValue.OfString) value).stringValue());
  }
}
