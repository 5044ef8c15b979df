package com.paiml.duende.manager.tree;

import com.paiml.duende.api.Depends;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;

/** Who depends on whom. Names that nobody has deployed yet may be depended on. */
final class Graph {
  private record Node(Depends depends, long order) {}

  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private long orders;

  void put(String unit, Depends depends) {
    Node old = nodes.get(unit);
    nodes.put(unit, new Node(depends, old == null ? ++orders : old.order()));
  }

  void drop(String unit) {
    nodes.remove(unit);
  }

  /** All that it waits for, by whatever kind of dependency. */
  static Set<String> all(Depends depends) {
    Set<String> all = new LinkedHashSet<>(depends.requires());
    all.addAll(depends.wants());
    all.addAll(depends.after());
    return all;
  }

  /** A way from a unit back to itself, {@code [a, b, a]}, were these dependencies added. */
  Optional<List<String>> cycle(String unit, Depends depends) {
    List<String> path = new ArrayList<>();
    path.add(unit);
    return reach(unit, all(depends), path, new HashSet<>())
        ? Optional.of(List.copyOf(path))
        : Optional.empty();
  }

  private boolean reach(String goal, Set<String> from, List<String> path, Set<String> visited) {
    // Iterative, for a chain of thousands is legal.
    List<Iterator<String>> stack = new ArrayList<>();
    stack.add(from.iterator());
    while (!stack.isEmpty()) {
      Iterator<String> top = stack.getLast();
      if (!top.hasNext()) {
        stack.removeLast();
        if (!stack.isEmpty()) {
          path.removeLast();
        }
        continue;
      }
      String name = top.next();
      if (name.equals(goal)) {
        path.add(goal);
        return true;
      }
      Node node = nodes.get(name);
      if (node != null && visited.add(name)) {
        path.add(name);
        stack.add(all(node.depends()).iterator());
      }
    }
    return false;
  }

  /** These and all that they require or want, as far as it is deployed. */
  Set<String> needs(Collection<String> units) {
    Set<String> found = new LinkedHashSet<>();
    List<String> todo = new ArrayList<>(units);
    while (!todo.isEmpty()) {
      String unit = todo.removeLast();
      Node node = nodes.get(unit);
      if (node != null && found.add(unit)) {
        todo.addAll(node.depends().requires());
        todo.addAll(node.depends().wants());
      }
    }
    return found;
  }

  /** All that require one of these, directly or not, without these. */
  Set<String> requirers(Collection<String> units) {
    Map<String, List<String>> reverse = new HashMap<>();
    nodes.forEach(
        (name, node) ->
            node.depends()
                .requires()
                .forEach(r -> reverse.computeIfAbsent(r, k -> new ArrayList<>()).add(name)));
    Set<String> found = new LinkedHashSet<>();
    List<String> todo = new ArrayList<>(units);
    while (!todo.isEmpty()) {
      for (String name : reverse.getOrDefault(todo.removeLast(), List.of())) {
        if (!units.contains(name) && found.add(name)) {
          todo.add(name);
        }
      }
    }
    return found;
  }

  /** These in the order in which they are started: of dependence, and of deployment where that says nothing. */
  List<String> inOrder(Collection<String> units) {
    Map<String, Integer> open = new HashMap<>();
    Map<String, List<String>> followers = new HashMap<>();
    Set<String> members = new LinkedHashSet<>(units);
    for (String unit : members) {
      Node node = nodes.get(unit);
      int waits = 0;
      if (node != null) {
        for (String on : all(node.depends())) {
          if (members.contains(on)) {
            waits++;
            followers.computeIfAbsent(on, k -> new ArrayList<>()).add(unit);
          }
        }
      }
      open.put(unit, waits);
    }
    PriorityQueue<String> ready =
        new PriorityQueue<>(Comparator.comparingLong(this::order).thenComparing(u -> u));
    open.forEach(
        (unit, waits) -> {
          if (waits == 0) {
            ready.add(unit);
          }
        });
    List<String> sorted = new ArrayList<>(members.size());
    while (!ready.isEmpty()) {
      String unit = ready.remove();
      sorted.add(unit);
      for (String follower : followers.getOrDefault(unit, List.of())) {
        if (open.merge(follower, -1, Integer::sum) == 0) {
          ready.add(follower);
        }
      }
    }
    return sorted;
  }

  private long order(String unit) {
    Node node = nodes.get(unit);
    return node == null ? Long.MAX_VALUE : node.order();
  }
}
