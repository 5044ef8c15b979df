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
 * Makes the JVM's XML parser ready while the framework is being made. Declarative Services reads an XML file in almost every
 * bundle, and the first one would else take a tenth of the start, on the thread that everything waits for.
 */
final class XmlAhead {
  private static final Logger LOG = Logger.getLogger("duende.container");

  private XmlAhead() {}

  static void start() {
    Thread thread = new Thread(XmlAhead::parse, "duende-xml-ahead");
    thread.setDaemon(true);
    thread.start();
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
