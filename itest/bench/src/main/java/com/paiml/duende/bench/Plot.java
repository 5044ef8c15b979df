package com.paiml.duende.bench;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * The figures that have a rival, as bars in an SVG image (https://www.w3.org/TR/SVG11/). Bars are compared within a group
 * only: each group has a scale of its own, from zero to its longest bar.
 */
final class Plot {
  private static final int WIDTH = 760;
  private static final int LABEL = 150;
  private static final int LONGEST = 440;
  private static final int ROW = 20;
  private static final String OURS = "#1f5fa8";
  private static final String THEIRS = "#9aa3ad";

  private Plot() {}

  /** What is measured to be compared: figures of the same thing, by more than one. */
  static Map<String, List<Figure>> groups(List<Figure> figures) {
    Map<String, List<Figure>> groups = new LinkedHashMap<>();
    for (Figure f : figures) {
      if (f.value().isPresent()) {
        groups.computeIfAbsent(f.scenario() + ": " + f.what(), name -> new ArrayList<>()).add(f);
      }
    }
    groups.values().removeIf(group -> group.size() < 2);
    return groups;
  }

  static String svg(List<Figure> figures, String machine) {
    Map<String, List<Figure>> groups = groups(figures);
    int rows = groups.values().stream().mapToInt(group -> group.size() + 2).sum() + 2;
    StringWriter text = new StringWriter();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
      xml.writeStartDocument();
      xml.writeStartElement("svg");
      xml.writeDefaultNamespace("http://www.w3.org/2000/svg");
      xml.writeAttribute("width", Integer.toString(WIDTH));
      xml.writeAttribute("height", Integer.toString(rows * ROW));
      xml.writeAttribute("font-family", "sans-serif");
      xml.writeAttribute("font-size", "12");
      rectangle(xml, 0, 0, WIDTH, rows * ROW, "white");
      int y = ROW;
      for (var group : groups.entrySet()) {
        y += ROW;
        text(xml, 10, y, group.getKey() + ", " + group.getValue().getFirst().unit(), "bold");
        double most =
            group.getValue().stream().mapToDouble(f -> f.value().orElse(0)).max().orElse(0);
        for (Figure f : group.getValue()) {
          y += ROW;
          double value = f.value().orElse(0);
          int length = most > 0 ? (int) Math.max(1, Math.round(value / most * LONGEST)) : 1;
          text(xml, 20, y, f.who(), "normal");
          rectangle(xml, LABEL, y - 11, length, 14, f.who().equals(Figure.DUENDE) ? OURS : THEIRS);
          text(xml, LABEL + length + 6, y, f.text(), "normal");
        }
        y += ROW;
      }
      text(xml, 10, y, machine, "normal");
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("cannot write to memory", e);
    }
    return text.append('\n').toString();
  }

  private static void rectangle(
      XMLStreamWriter xml, int x, int y, int width, int height, String colour)
      throws XMLStreamException {
    xml.writeEmptyElement("rect");
    xml.writeAttribute("x", Integer.toString(x));
    xml.writeAttribute("y", Integer.toString(y));
    xml.writeAttribute("width", Integer.toString(width));
    xml.writeAttribute("height", Integer.toString(height));
    xml.writeAttribute("fill", colour.toLowerCase(Locale.ROOT));
  }

  private static void text(XMLStreamWriter xml, int x, int y, String what, String weight)
      throws XMLStreamException {
    xml.writeStartElement("text");
    xml.writeAttribute("x", Integer.toString(x));
    xml.writeAttribute("y", Integer.toString(y));
    xml.writeAttribute("font-weight", weight);
    xml.writeCharacters(what);
    xml.writeEndElement();
  }
}
