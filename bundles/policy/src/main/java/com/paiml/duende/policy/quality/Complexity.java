package com.paiml.duende.policy.quality;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Cyclomatic complexity of methods (McCabe 1976), from bytecode: one, plus one for each conditional jump, each further target
 * of a switch and each catch clause. {@code finally} and monitors catch everything without a type and do not count; the
 * compiler's own methods (bridges, enum tables) do not either. A switch over strings compiles into two and counts nearly twice.
 */
final class Complexity {
  private Complexity() {}

  /**
   * @param method {@code com.example.Counter.run}
   * @param complexity at least 1
   */
  record Of(String method, int complexity) {}

  static List<Of> of(Map<String, ClassModel> classes) {
    List<Of> all = new ArrayList<>();
    for (ClassModel c : classes.values()) {
      String type = c.thisClass().asInternalName().replace('/', '.');
      for (MethodModel m : c.methods()) {
        boolean lambda = m.methodName().stringValue().startsWith("lambda$");
        boolean synthetic = (m.flags().flagsMask() & 0x1000) != 0;
        if (!synthetic || lambda) {
          m.code()
              .ifPresent(
                  code -> all.add(new Of(type + "." + m.methodName().stringValue(), of(code))));
        }
      }
    }
    return all;
  }

  private static int of(CodeModel code) {
    int decisions = 1;
    for (var element : code) {
      decisions +=
          switch (element) {
            case BranchInstruction b
                when b.opcode() != Opcode.GOTO && b.opcode() != Opcode.GOTO_W ->
                1;
            case TableSwitchInstruction t -> targets(t.cases(), t.defaultTarget());
            case LookupSwitchInstruction l -> targets(l.cases(), l.defaultTarget());
            default -> 0;
          };
    }
    for (var handler : code.exceptionHandlers()) {
      if (handler.catchType().isPresent()) {
        decisions++;
      }
    }
    return decisions;
  }

  private static int targets(List<SwitchCase> cases, Object defaultTarget) {
    Set<Object> distinct = new HashSet<>();
    for (SwitchCase c : cases) {
      distinct.add(c.target());
    }
    distinct.remove(defaultTarget);
    return distinct.size();
  }
}
