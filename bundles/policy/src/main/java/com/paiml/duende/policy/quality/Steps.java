package com.paiml.duende.policy.quality;

import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The instructions of a method one after the other, and what javac is known to make of one decision in the source. */
final class Steps {
  private static final int NO_LINE = 0;
  private static final String STRING = "java/lang/String";
  private static final String THROWABLE = "java/lang/Throwable";

  private final List<Instruction> instructions = new ArrayList<>();
  private final List<Integer> lines = new ArrayList<>();

  /** How often the line had changed by then. */
  private final List<Integer> parts = new ArrayList<>();

  private final Map<Label, Integer> labels = new HashMap<>();

  /** Variables in which javac keeps the word that a switch is over. */
  private final Set<Integer> searched = new HashSet<>();

  private Steps() {}

  static Steps of(CodeModel code) {
    Steps steps = new Steps();
    int line = NO_LINE;
    int part = 0;
    for (var element : code) {
      switch (element) {
        case LineNumber number -> {
          part += line == number.line() ? 0 : 1;
          line = number.line();
        }
        case LabelTarget target -> steps.labels.put(target.label(), steps.instructions.size());
        case Instruction instruction -> {
          steps.instructions.add(instruction);
          steps.lines.add(line);
          steps.parts.add(part);
        }
        default -> {}
      }
    }
    for (int at = 0; at < steps.size(); at++) {
      if (steps.isSearch(at)) {
        steps.searched.add(steps.loaded(at - 2));
      }
    }
    return steps;
  }

  int size() {
    return instructions.size();
  }

  Instruction at(int at) {
    return instructions.get(at);
  }

  /** A switch over the hash of a word, which the one over its number follows. */
  boolean isSearch(int at) {
    return isSwitch(at) && calls(at - 1, STRING, "hashCode", "()I") && loaded(at - 2) >= 0;
  }

  private boolean isSwitch(int at) {
    Opcode opcode = at(at).opcode();
    return opcode == Opcode.LOOKUPSWITCH || opcode == Opcode.TABLESWITCH;
  }

  /** A jump for the word that is searched for so being this one. */
  boolean isFound(int at) {
    return calls(at - 1, STRING, "equals", "(Ljava/lang/Object;)Z")
        && instructions.get(at - 2) instanceof ConstantInstruction
        && searched.contains(loaded(at - 3));
  }

  /** A jump for a resource being null, before it is closed. */
  boolean isClosing(int at) {
    int resource = loaded(at - 1);
    return at(at).opcode() == Opcode.IFNULL
        && resource >= 0
        && loaded(at + 1) == resource
        && calls(at + 2, "", "close", "()V");
  }

  /** Whether a handler is one that closes a resource, or adds to a fault that this could not be done. */
  boolean isOfResource(ExceptionCatch handler) {
    Integer at = labels.get(handler.handler());
    if (at == null
        || handler.catchType().stream().noneMatch(t -> t.asInternalName().equals(THROWABLE))
        || !(at(at) instanceof StoreInstruction)) {
      return false;
    }
    return calls(at + 3, THROWABLE, "addSuppressed", "(Ljava/lang/Throwable;)V")
        || (loaded(at + 1) >= 0 && calls(at + 2, "", "close", "()V"))
        || (at + 2 < size() && isClosing(at + 2));
  }

  /** The part of the code, all of one line, in which it is. */
  int part(int at) {
    return parts.get(at);
  }

  /** The same for each copy of a jump of the source, which have a line and what they compare. */
  String place(int at) {
    int line = lines.get(at);
    return line == NO_LINE
        ? "at " + at
        : line + " " + at(at).opcode() + " " + text(at - 1) + " " + text(at - 2);
  }

  private String text(int at) {
    return at < 0 ? "" : at(at).toString();
  }

  private boolean calls(int at, String owner, String name, String type) {
    return at >= 0
        && at < size()
        && instructions.get(at) instanceof InvokeInstruction call
        && (owner.isEmpty() || call.owner().asInternalName().equals(owner))
        && call.name().equalsString(name)
        && call.type().equalsString(type);
  }

  /** The variable that is loaded there; -1 when none is. */
  private int loaded(int at) {
    return at >= 0 && at < size() && instructions.get(at) instanceof LoadInstruction load
        ? load.slot()
        : -1;
  }
}
