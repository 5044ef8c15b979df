package com.paiml.duende.manager;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.GroupConfig;
import java.util.List;

/**
 * The groups that daemons belong to. A group that daemons name and nobody has defined is one-for-one without a limit of its
 * own. Definitions are not kept: whoever reads the group files gives them again after a start.
 */
public interface Groups {

  /** Defines a group, or changes it. Takes effect at the next death of a member. */
  void define(GroupConfig config) throws DaemonException;

  /** Forgets a definition. Harmless when there is none. */
  void forget(String name);

  /** The definitions, by name. */
  List<GroupConfig> all();
}
