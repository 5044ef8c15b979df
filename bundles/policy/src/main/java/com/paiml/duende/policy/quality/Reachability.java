package com.paiml.duende.policy.quality;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which methods of a bundle can ever run: reached from its daemon classes, from classes that descriptors name, and from the
 * public classes of packages that others may import. Cautious: a class whose name stands in a string is taken as reached,
 * as is each method of a reached class that overrides one of a type outside the bundle.
 */
final class Reachability {
  private final Map<String, ClassModel> classes;
  private final Map<String, List<String>> subtypes = new HashMap<>();
  private final Set<String> liveClasses = new HashSet<>();
  private final Set<Method> liveMethods = new HashSet<>();
  private final Deque<Method> toDo = new ArrayDeque<>();

  private record Method(String owner, String name, String type) {}

  /**
   * @param unreached methods that nothing reaches, {@code com.example.Counter.helper}
   * @param percent their instructions, of all
   */
  record Dead(List<String> unreached, double percent) {}

  private Reachability(Map<String, ClassModel> classes) {
    this.classes = classes;
    classes.forEach(
        (name, model) -> {
          model
              .superclass()
              .ifPresent(
                  s ->
                      subtypes
                          .computeIfAbsent(s.asInternalName(), k -> new ArrayList<>())
                          .add(name));
          for (ClassEntry i : model.interfaces()) {
            subtypes.computeIfAbsent(i.asInternalName(), k -> new ArrayList<>()).add(name);
          }
        });
  }

  /**
   * @param roots internal names of classes that are used from outside: what of them is not private is reached
   */
  static Dead of(Map<String, ClassModel> classes, Set<String> roots) {
    Reachability r = new Reachability(classes);
    roots.forEach(r::root);
    r.run();
    return r.dead();
  }

  private void root(String type) {
    ClassModel model = classes.get(type);
    if (model == null) {
      return;
    }
    touch(type);
    for (MethodModel m : model.methods()) {
      if ((m.flags().flagsMask() & 0x0002) == 0) {
        reach(new Method(type, m.methodName().stringValue(), m.methodType().stringValue()));
      }
    }
  }

  private void run() {
    for (Method m = toDo.poll(); m != null; m = toDo.poll()) {
      ClassModel owner = classes.get(m.owner());
      if (owner != null) {
        for (MethodModel model : owner.methods()) {
          if (model.methodName().equalsString(m.name())
              && model.methodType().equalsString(m.type())) {
            model.code().ifPresent(this::follow);
          }
        }
      }
    }
  }

  private void follow(CodeModel code) {
    for (var handler : code.exceptionHandlers()) {
      handler.catchType().ifPresent(t -> touch(t.asInternalName()));
    }
    for (var element : code) {
      if (element instanceof Instruction instruction) {
        follow(instruction);
      }
    }
  }

  private void follow(Instruction instruction) {
    switch (instruction) {
      case InvokeInstruction i ->
          call(i.owner().asInternalName(), i.name().stringValue(), i.type().stringValue());
      case InvokeDynamicInstruction i -> i.bootstrapArgs().forEach(this::constant);
      case FieldInstruction f -> touch(f.owner().asInternalName());
      case NewObjectInstruction n -> touch(n.className().asInternalName());
      case TypeCheckInstruction t -> touch(t.type().asInternalName());
      case ConstantInstruction c -> constant(c.constantValue());
      default -> {}
    }
  }

  private void constant(ConstantDesc value) {
    switch (value) {
      case DirectMethodHandleDesc h -> {
        String owner = h.owner().descriptorString();
        call(owner.substring(1, owner.length() - 1), h.methodName(), h.lookupDescriptor());
      }
      case java.lang.constant.ClassDesc c when c.isClassOrInterface() ->
          root(c.descriptorString().substring(1, c.descriptorString().length() - 1));
      case String s -> root(s.replace('.', '/'));
      default -> {}
    }
  }

  /** A call reaches the method where it is declared, up the hierarchy, and every override below. */
  private void call(String owner, String name, String type) {
    touch(owner);
    if (name.equals("<init>")) {
      reach(new Method(owner, name, type));
      return;
    }
    for (String c = owner; c != null && classes.containsKey(c); c = superOf(c)) {
      reach(new Method(c, name, type));
    }
    below(owner, new HashSet<>()).forEach(c -> reach(new Method(c, name, type)));
  }

  private Set<String> below(String type, Set<String> seen) {
    for (String sub : subtypes.getOrDefault(type, List.of())) {
      if (seen.add(sub)) {
        below(sub, seen).forEach(seen::add);
      }
    }
    return new HashSet<>(seen);
  }

  private @org.jspecify.annotations.Nullable String superOf(String type) {
    ClassModel model = classes.get(type);
    return model == null ? null : model.superclass().map(ClassEntry::asInternalName).orElse(null);
  }

  private void reach(Method m) {
    if (liveMethods.add(m)) {
      toDo.add(m);
    }
  }

  /** A class that is used: its initialiser runs, and whatever overrides a method of a type outside the bundle may be called. */
  private void touch(String type) {
    ClassModel model = classes.get(type);
    if (model == null || !liveClasses.add(type)) {
      return;
    }
    boolean extendsOutside = extendsOutside(type, new HashSet<>());
    for (MethodModel m : model.methods()) {
      int flags = m.flags().flagsMask();
      boolean virtual = (flags & 0x000A) == 0 && !m.methodName().equalsString("<init>");
      if (m.methodName().equalsString("<clinit>")
          || ((flags & 0x1000) != 0 && !m.methodName().stringValue().startsWith("lambda$"))
          || (virtual && extendsOutside)
          || isOfObject(m)) {
        reach(new Method(type, m.methodName().stringValue(), m.methodType().stringValue()));
      }
    }
    model.superclass().ifPresent(s -> touch(s.asInternalName()));
    model.interfaces().forEach(i -> touch(i.asInternalName()));
  }

  private boolean extendsOutside(String type, Set<String> seen) {
    ClassModel model = classes.get(type);
    if (model == null) {
      return !type.equals("java/lang/Object");
    }
    if (!seen.add(type)) {
      return false;
    }
    return model.superclass().map(s -> extendsOutside(s.asInternalName(), seen)).orElse(false)
        || model.interfaces().stream().anyMatch(i -> extendsOutside(i.asInternalName(), seen));
  }

  private static boolean isOfObject(MethodModel m) {
    return switch (m.methodName().stringValue() + m.methodType().stringValue()) {
      case "toString()Ljava/lang/String;", "hashCode()I", "equals(Ljava/lang/Object;)Z" -> true;
      default -> false;
    };
  }

  private Dead dead() {
    List<String> unreached = new ArrayList<>();
    long all = 0;
    long dead = 0;
    for (ClassModel c : classes.values()) {
      for (MethodModel m : c.methods()) {
        long size = m.code().map(Reachability::size).orElse(0L);
        all += size;
        Method key =
            new Method(
                c.thisClass().asInternalName(),
                m.methodName().stringValue(),
                m.methodType().stringValue());
        // A private constructor without arguments is how a class says that it has no instances.
        boolean noInstances =
            m.methodName().equalsString("<init>") && (m.flags().flagsMask() & 0x0002) != 0;
        if (size > 0 && !liveMethods.contains(key) && !noInstances) {
          dead += size;
          unreached.add(key.owner().replace('/', '.') + "." + key.name());
        }
      }
    }
    return new Dead(unreached, all == 0 ? 0 : 100.0 * dead / all);
  }

  private static long size(CodeModel code) {
    return code.elementStream().filter(Instruction.class::isInstance).count();
  }
}
