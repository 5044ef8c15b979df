package com.paiml.duende.launcher;

import java.io.IOException;
import java.io.StringReader;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Makes ready beside the start what the start would else wait for: the framework's first classes, which look into the JVM by
 * reflection, and the JVM's XML parser. Declarative Services reads an XML file in almost every bundle, and the first one would
 * take a tenth of the start.
 */
final class Ahead {
  private static final Logger LOG = Logger.getLogger("duende.container");

  private Ahead() {}

  static void framework() {
    start("duende-framework-ahead", Ahead::initialize);
  }

  static void xml() {
    start("duende-xml-ahead", Ahead::parse);
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void initialize() {
    try {
      Class.forName("org.apache.felix.framework.Felix");
    } catch (ClassNotFoundException | LinkageError e) {
      // Another framework, or one that will say so itself.
      LOG.log(Level.FINE, "nothing to make ready", e);
    }
  }

  private static void parse() {
    String document = "<?xml version=\"1.0\"?><a:b xmlns:a=\"c\" d=\"e\"><f/></a:b>";
    try {
      SAXParserFactory factory = SAXParserFactory.newInstance();
      factory.setNamespaceAware(true);
      factory
          .newSAXParser()
          .parse(new InputSource(new StringReader(document)), new DefaultHandler());
    } catch (ParserConfigurationException | SAXException | IOException e) {
      // Whoever needs the parser will meet the same and say so.
      LOG.log(Level.FINE, "no XML parser", e);
    }
  }
}
